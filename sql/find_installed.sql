-- Puts the version of s3vl that is here into the setting s3vl.installed: empty where there is none
-- that this role may take for s3vl. Whoever may create a schema could have made one of that name,
-- with code in wait: so it is read and not run, and its owner has to be this role, or one of which
-- it is a member. (A superuser may act as everybody, which does not say whom it trusts.)
do $$
declare
    _search_path constant text := pg_catalog.current_setting('search_path');
begin
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    perform set_config('s3vl.installed', '', false);
    perform set_config('s3vl.installed', substring(p.prosrc from '[0-9.]+'), false)
    from pg_namespace as n
    inner join pg_proc as p
        on p.pronamespace = n.oid and p.proname = 'version' and p.pronargs = 0
    where n.nspname = 's3vl'
        and p.proowner = n.nspowner
        and p.prosrc ~ '^[[:space:]]*select ''[0-9.]+''[[:space:]]*$'
        and pg_has_role(n.nspowner, 'usage')
        and n.nspowner in (
            with recursive roles as (
                select r.oid from pg_roles as r where r.rolname = current_user
                union
                select m.roleid
                from roles as r
                inner join pg_auth_members as m on m.member = r.oid
            )

            select r.oid from roles as r
        )
        and 2 = (
            select count(*)
            from pg_class as c
            where c.relnamespace = n.oid
                and c.relname in ('config', 'index_registry')
                and c.relkind = 'r'
                and c.relowner = n.nspowner
        );
    perform set_config('search_path', _search_path, true);
end;
$$;
