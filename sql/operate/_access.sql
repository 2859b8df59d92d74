-- Which roles may be given rights, and how all rights are taken from one.

create or replace function s3vl._check_role(role_name name)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _role oid := (select r.oid from pg_roles as r where r.rolname = _check_role.role_name);
begin
    if _check_role.role_name = 'public' then
        raise exception using
            errcode = '22023',
            message = 'role_name is public, which is everybody',
            hint = 'Name a role; a group role can stand for many.';
    end if;
    if _role is null then
        raise exception using
            errcode = '42704',
            message = format(
                'role %s does not exist', coalesce('"' || _check_role.role_name || '"', 'null')
            ),
            hint = 'See pg_roles, or create it: create role <name> login;';
    end if;
    if _role = (select n.nspowner from pg_namespace as n where n.nspname = 's3vl') then
        raise exception using
            errcode = '22023',
            message = format('role "%s" owns s3vl, and has all rights', _check_role.role_name),
            hint = 'Name another role.';
    end if;
end;
$$;

comment on function s3vl._check_role(name) is
    'Refuses a role that does not exist, everybody, and the owner.';

create or replace function s3vl._revoke_all(role_name name)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- PostgreSQL lets no two sessions change the rights on one thing at the same time: the second
    -- would fail with "tuple concurrently updated". So it waits here.
    perform pg_advisory_xact_lock('pg_namespace'::regclass::integer, 's3vl'::regnamespace::integer);
    execute format(
        'revoke all on all functions in schema s3vl from %1$I; '
        'revoke all on all tables in schema s3vl from %1$I; '
        'revoke all on type s3vl.vector_record from %1$I; '
        'revoke all on schema s3vl from %1$I',
        _revoke_all.role_name
    );
end;
$$;

comment on function s3vl._revoke_all(name) is
    'Takes every right on s3vl from a role.';
