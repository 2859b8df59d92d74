-- Who may do what, at the end of every upgrade. What stays keeps its grants. Only what is new is
-- touched: inside of an extension script a grant or revoke makes pg_dump take all rights that the
-- thing has for the extension's own, and leave them out. So roles are not given what is new either,
-- but told about.
do $$
declare
    _levels constant text[] := '{reader,writer,admin}';
    _function regprocedure;
    _new regprocedure[];
    _role record;
begin
    -- PostgreSQL lets everybody execute a new function, and s3vl nobody: that tells them apart.
    _new := array(
        select p.oid
        from pg_proc as p
        where p.pronamespace = 's3vl'::regnamespace
            and has_function_privilege('public', p.oid, 'execute')
    );
    foreach _function in array _new loop
        execute format('revoke all on function %s from public', _function);
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
