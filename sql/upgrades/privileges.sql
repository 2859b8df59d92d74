-- Who may do what, at the end of every upgrade. What stays keeps its grants. Only what is new is
-- touched: inside of an extension script a grant or revoke makes pg_dump take all rights that the
-- thing has for the extension's own, and leave them out. So roles are not given what is new either,
-- but told about.
do $$
declare
    _levels constant text[] := '{reader,writer,admin}';
    _known constant oid[] := current_setting('s3vl.known_functions')::oid[];
    _new constant oid[] := array(
        select p.oid
        from pg_proc as p
        where p.pronamespace = 's3vl'::regnamespace and p.oid <> all (_known)
    );
    _grant record;
    _role record;
begin
    -- PostgreSQL lets everybody execute a new function, and default privileges may let others.
    for _grant in
        select distinct
            p.oid::regprocedure as function_name,
            case g.grantee when 0 then 'public' else quote_ident(r.rolname) end as grantee
        from pg_proc as p
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g
        left join pg_roles as r on r.oid = g.grantee
        where p.oid = any (_new) and g.grantee <> p.proowner
    loop
        execute format(
            'revoke all on function %s from %s', _grant.function_name, _grant.grantee
        );
    end loop;

    for _role in
        select r.rolname, max(array_position(_levels, a.access_level)) as access_level
        from pg_proc as p
        inner join s3vl._access_levels() as a on a.function_name = p.proname
        cross join lateral aclexplode(p.proacl) as g
        inner join pg_roles as r on r.oid = g.grantee
        where p.pronamespace = 's3vl'::regnamespace and g.grantee <> p.proowner
        group by r.rolname
        having exists (
            select
            from pg_proc as n
            inner join s3vl._access_levels() as l on l.function_name = n.proname
            where n.oid = any (_new)
                and array_position(_levels, l.access_level)
                <= max(array_position(_levels, a.access_level))
        )
        order by r.rolname
    loop
        raise warning 'role "%" may not use yet what is new', _role.rolname
            using hint = format(
                'Type: select s3vl.grant_access(%L, %L);',
                _role.rolname,
                _levels[_role.access_level]
            );
    end loop;
end;
$$;
