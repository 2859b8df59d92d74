-- Whether an index is ready to take the place of another.

create or replace function s3vl._waiting(binding s3vl.binding)
    returns bigint
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select count(*)
    from s3vl.sync_failure as f
    where f.binding_id = _waiting.binding.binding_id and f.state = 'waiting'
$$;

comment on function s3vl._waiting(s3vl.binding) is
    'Counts the rows of a binding that have no embedding.';

create or replace function s3vl._behind(binding s3vl.binding, others s3vl.binding[])
    returns text[]
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Rows without an embedding for the index that is in use are missing there too.
    select array_remove(
        array[
            case when (b.binding).is_ending then 'it is ending' end,
            case when (b.binding).is_paused then 'it is paused' end,
            case when s3vl._waiting(b.binding) > w.waiting
                then format('%s of its rows have no embedding', s3vl._waiting(b.binding))
            end
        ],
        null
    ) || s3vl._not_whole(b.binding)
    from (select _behind.binding as binding) as b
    cross join lateral (
        select coalesce(max(s3vl._waiting(o)), 0)
        from unnest(_behind.others) as o
        where o.source = (b.binding).source
    ) as w (waiting)
$$;

comment on function s3vl._behind(s3vl.binding, s3vl.binding[]) is
    'Says what a search would miss that finds the rows of a binding, and not those of others.';

create or replace function s3vl._check_ready(
    index s3vl.index_registry,
    to_index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _others constant s3vl.binding[] := array(
        select b
        from s3vl.binding as b
        where b.index_arn = _check_ready.index.index_arn and not b.is_ending
    );
    _detail text;
begin
    select string_agg(p.problem, ' ' order by p.problem)
    into _detail
    from (
        select format('Binding "%s": %s.', b.binding_name, array_to_string(n.problems, '; '))
        from s3vl.binding as b
        cross join lateral s3vl._behind(b, _others) as n (problems)
        where b.index_arn = _check_ready.to_index.index_arn and n.problems <> '{}'
        union all
        select format('Table %s is not bound to it.', o.source)
        from unnest(_others) as o
        where not exists (
            select
            from s3vl.binding as b
            where b.source = o.source and b.index_arn = _check_ready.to_index.index_arn
        )
    ) as p (problem);
    if _detail is not null then
        raise exception using
            errcode = '55000',
            message = format(
                'index "%s" cannot take the place of "%s" yet',
                _check_ready.to_index.index_name,
                _check_ready.index.index_name
            ),
            detail = _detail,
            hint = format(
                'See s3vl.sync_status(), and verify it first. To switch all the same: '
                'select s3vl.switch_index(%L, %L, force => true);',
                _check_ready.index.index_name,
                _check_ready.to_index.index_name
            );
    end if;
end;
$$;

comment on function s3vl._check_ready(s3vl.index_registry, s3vl.index_registry) is
    'Refuses an index that is not known to have all that the tables have which are bound to the '
    'other.';

create or replace function s3vl._check_same_restrictions(
    index s3vl.index_registry,
    to_index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _arns constant text[] := array[
        _check_same_restrictions.index.index_arn, _check_same_restrictions.to_index.index_arn
    ];
begin
    -- By force neither: who may see what is not for a switch to change.
    if exists (
        select
        from s3vl.restricted_index as r
        where r.index_arn = any(_arns)
        having count(*) = 1
    ) or exists (
        select
        from s3vl.index_restriction as r
        where r.index_arn = any(_arns)
        group by r.role_oid, r.metadata_filter, r.tenant_key, r.tenant_setting
        having count(*) <> 2
    ) then
        raise exception using
            errcode = '55000',
            message = format(
                'indexes "%s" and "%s" are not restricted alike',
                _check_same_restrictions.index.index_name,
                _check_same_restrictions.to_index.index_name
            ),
            hint = 'Restrict both to the same roles and parts with s3vl.restrict_index(): see '
                's3vl.list_restrictions().';
    end if;
end;
$$;

comment on function s3vl._check_same_restrictions(s3vl.index_registry, s3vl.index_registry) is
    'Refuses to exchange two indexes of which roles may see different parts.';
