-- Who may do what, at the end of every upgrade. Inside of an extension script a grant or revoke
-- makes pg_dump take all rights that the thing then has for the extension's own, and leave them
-- out: so it is done only where nobody but the owner keeps a right. What stays keeps its grants,
-- and roles are not given what is new, but told about.

-- Before 1.1.0 default privileges gave others rights that no level has, and they are still there:
-- on tables and internal functions, and to put functions of their own into the schema. Who has an
-- internal function has them all, by default privileges or a grant on all functions, and loses all.
do $$
declare
    _is_extension constant boolean := exists (
        select from pg_extension as e where e.extname = 's3vl'
    );
    _statement text;
    _stray record;
begin
    for _stray in
        with strays as (
            select
                r.grantee,
                bool_or(r.object ~ '^routine s3vl[.]_') or not bool_or(r.object ~ '^routine ')
                    as loses_all
            from s3vl._rights() as r
            -- Internal functions that a level has are granted with it.
            where r.object !~ all(
                select format('^routine s3vl[.]%s[(]', l.function_name)
                from s3vl._access_levels() as l
                where l.function_name ~ '^_'
            )
            group by r.grantee
            having bool_or(
                r.object ~ '^(routine s3vl[.]_|table |sequence )' or r.privilege = 'CREATE'
            )
        ),

        rights as (
            select
                r.object,
                r.privilege,
                r.grantee,
                s.loses_all,
                s.loses_all is true or r.object ~ '^(table|sequence) ' or r.privilege = 'CREATE'
                    as is_lost
            from s3vl._rights() as r
            left join strays as s on s.grantee = r.grantee
        ),

        losses as (
            select distinct
                r.grantee,
                r.loses_all,
                format(
                    'revoke %s on %s from %s cascade',
                    case when r.privilege = 'CREATE' and not r.loses_all
                        then 'create' else 'all' end,
                    r.object,
                    s3vl._grantee(r.grantee)
                ) as statement,
                _is_extension and exists (
                    select from rights as o where o.object = r.object and not o.is_lost
                ) as is_left
            from rights as r
            where r.is_lost
        )

        select
            s3vl._grantee(l.grantee) as role_name,
            l.grantee = 0 as is_public,
            l.loses_all,
            bool_or(l.is_left) as keeps_some,
            array_agg(l.statement) filter (where not l.is_left) as statements
        from losses as l
        group by l.grantee, l.loses_all
        order by 1
    loop
        foreach _statement in array coalesce(_stray.statements, '{}') loop
            execute _statement;
        end loop;
        raise warning using
            message = format(
                '%s %s rights on s3vl that no level has',
                _stray.role_name,
                case when _stray.keeps_some then 'still has' else 'has lost' end
            ),
            detail = case when _stray.loses_all
                then 'Default privileges, or a grant on all functions, had given it everything.'
                else 'It could read or change tables, or create objects in the schema.' end,
            hint = case
                when not _stray.keeps_some and _stray.loses_all
                    then format(
                        'If it needs access: select s3vl.grant_access(%L, ''<level>'');',
                        _stray.role_name
                    )
                when not _stray.keeps_some
                    then 'What it needs is in the functions of s3vl.'
                when not _stray.loses_all
                    then format(
                        'Type: revoke create on schema s3vl from %s cascade;', _stray.role_name
                    )
                when _stray.is_public
                    then 'Type: revoke all on all routines in schema s3vl from public; '
                        'revoke all on schema s3vl from public;'
                else format('Type: select s3vl.revoke_access(%L);', _stray.role_name)
            end;
    end loop;
end;
$$;

-- What they have created there meanwhile stays, and is told about.
do $$
declare
    _object text;
begin
    for _object in
        select pg_describe_object(o.classid, o.oid, 0)
        from pg_namespace as n
        cross join lateral (
            select 'pg_proc'::regclass, p.oid, p.proowner
            from pg_proc as p
            where p.pronamespace = n.oid
            union all
            select 'pg_class'::regclass, c.oid, c.relowner
            from pg_class as c
            where c.relnamespace = n.oid
        ) as o (classid, oid, owner)
        where n.nspname = 's3vl' and o.owner <> n.nspowner
        order by 1
    loop
        raise warning '% is in the schema s3vl, and is somebody else''s', _object
            using hint = 'Look at it, and drop it: nobody but the owner of s3vl may create there.';
    end loop;
end;
$$;

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
            'revoke all on routine %s from %s', _grant.function_name, _grant.grantee
        );
    end loop;

    perform s3vl._open_to_everybody();

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
