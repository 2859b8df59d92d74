-- Whether this is still the database that a binding was made in. A clone, a restored snapshot and a
-- restored dump have its bindings too, and would write to the index of the original.

create or replace function s3vl._instances()
    returns text[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _instances text[];
    _function regprocedure;
    _some text[];
begin
    -- Of a global database those in other Regions too, one of which may be promoted later.
    for _function in
        select p.oid::regprocedure
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and p.proname in ('aurora_replica_status', 'aurora_global_db_instance_status')
            and p.pronargs = 0
            and has_function_privilege(p.oid, 'execute')
        order by p.proname
    loop
        execute format('select array_agg(s.server_id::text) from %s as s', _function) into _some;
        _instances := _instances || _some;
    end loop;
    return (
        select array_agg(distinct i.instance order by i.instance)
        from unnest(_instances) as i (instance)
    );
end;
$$;

comment on function s3vl._instances() is
    'Returns the identifiers of the DB instances of this Aurora cluster; null where there is no '
    'such function.';

create or replace function s3vl._database_oid()
    returns oid
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select d.oid from pg_database as d where d.datname = current_database()
$$;

comment on function s3vl._database_oid() is
    'Returns the number of this database, which neither a failover nor a rename changes.';

create or replace function s3vl._is_copy(state s3vl.sync_state, instances text[])
    returns boolean
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Instances come and go one by one, and a failover is to another of them. What is not known is
    -- no reason to stop.
    select coalesce((_is_copy.state).database_oid <> s3vl._database_oid(), false)
        or coalesce(not (_is_copy.state).instances && _is_copy.instances, false)
$$;

comment on function s3vl._is_copy(s3vl.sync_state, text[]) is
    'Tells whether a binding was made, or last seen, in another database than this one, or in a '
    'cluster that had none of the DB instances of this one.';

create or replace function s3vl._note_home(binding_name text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _instances constant text[] := s3vl._instances();
begin
    update s3vl.sync_state as s
    set database_oid = case when h.is_copy then s.database_oid else s3vl._database_oid() end,
        instances = case when h.is_copy then s.instances else coalesce(_instances, s.instances) end,
        is_copy = h.is_copy,
        sqlstate = case when h.is_copy then '55000' else s.sqlstate end,
        error = case when h.is_copy then 'this database is a copy of the one that the binding was '
            'made in, which may still write to the same index' else s.error end,
        hint = case when h.is_copy then format(
            'If only this one is to write to it, type: select s3vl.resume_binding(%L); else bind '
            'the table to an index of its own, after: select s3vl.unbind_table(%1$L);',
            h.binding_name
        ) else s.hint end
    from (
        select l.binding_id, b.binding_name, s3vl._is_copy(l, _instances) as is_copy
        from s3vl.sync_state as l
        inner join s3vl.binding as b on b.binding_id = l.binding_id
        where b.binding_name = coalesce(_note_home.binding_name collate "C", b.binding_name)
            and not l.is_copy
            and (l.database_oid, l.instances)
                is distinct from (s3vl._database_oid(), coalesce(_instances, l.instances))
        for update of l skip locked
    ) as h
    where s.binding_id = h.binding_id;
end;
$$;

comment on function s3vl._note_home(text) is
    'Remembers which cluster and database bindings are in, and stops those of a copy.';
