-- Which roles may be given rights, and how all rights are taken from one. A role is known by its
-- oid, since another may get its name at any time.

create or replace function s3vl._find_role(role_name name)
    returns oid
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _role oid := (select r.oid from pg_roles as r where r.rolname = _find_role.role_name);
begin
    if _find_role.role_name = 'public' then
        raise exception using
            errcode = '22023',
            message = 'role_name must not be public',
            hint = 'Name a role; a group role can stand for many.';
    end if;
    if _role is null then
        raise exception using
            errcode = '42704',
            message = format(
                'role %s does not exist', coalesce('"' || _find_role.role_name || '"', 'null')
            ),
            hint = 'See pg_roles, or create it: create role <name> login;';
    end if;
    if _role = (select n.nspowner from pg_namespace as n where n.nspname = 's3vl') then
        raise exception using
            errcode = '22023',
            message = format('role "%s" owns s3vl and has all rights', _find_role.role_name),
            hint = 'Name another role.';
    end if;
    return _role;
end;
$$;

comment on function s3vl._find_role(name) is
    'Returns a role; refuses one that does not exist, everybody, and the owner.';

create or replace function s3vl._change_rights(statement text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _lock_timeout constant text := s3vl._limit_waiting();
begin
    execute _change_rights.statement;
    perform set_config('lock_timeout', _lock_timeout, true);
exception
    -- Somebody grants or revokes by hand, and has not committed, or just has.
    when lock_not_available or internal_error then
        if sqlstate = 'XX000' and sqlerrm <> 'tuple concurrently updated' then
            raise;
        end if;
        perform s3vl._raise_locked('rights on s3vl', '{}');
end;
$$;

comment on function s3vl._change_rights(text) is
    'Grants or revokes, or makes what rights come with, and raises 55P03 when another session does '
    'at the same time.';

create or replace function s3vl._let_old_changes_end()
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _lock_timeout constant text := current_setting('lock_timeout');
begin
    -- Not where 1.0.0 never was, nor after the next upgrade, which drops what that has left.
    if to_regprocedure('s3vl._revoke_all(name)') is not null then
        perform set_config('lock_timeout', '2s', true);
        perform pg_advisory_xact_lock(
            'pg_namespace'::regclass::integer, 's3vl'::regnamespace::integer
        );
        perform set_config('lock_timeout', _lock_timeout, true);
    end if;
exception
    -- Anybody can hold this lock, so it is not waited for any longer.
    when lock_not_available then
        null;
end;
$$;

comment on function s3vl._let_old_changes_end() is
    'Waits 2 seconds at most for calls of grant_access() and revoke_access() that began before an '
    'upgrade from 1.0.0, whose lock this was.';

create or replace function s3vl._warn_of_circles(role oid)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _right record;
begin
    -- Roles with two ways to a grant option can give it to each other, and a role to itself:
    -- PostgreSQL then keeps what they gave when the owner takes what it gave.
    select s3vl._grantee(r.grantor) as grantor, s3vl._grantee(r.grantee) as grantee, r.object
    into _right
    from s3vl._rights() as r
    where not exists (
        select
        from s3vl._rights_without(_warn_of_circles.role) as k
        where (k.object, k.privilege, k.grantor, k.grantee)
            = (r.object, r.privilege, r.grantor, r.grantee)
    )
    order by r.grantee <> _warn_of_circles.role, r.grantor = r.grantee, 1, 2, 3
    limit 1;
    if found then
        perform s3vl._warn(
            format('%s keeps rights on s3vl', _right.grantee),
            'Roles with grant options have granted them in a circle, which the owner cannot undo.',
            format(
                'Type: grant usage on schema s3vl to %1$s; set role %1$s; '
                'revoke all on %2$s from %3$s cascade; reset role; '
                'select s3vl.revoke_access(%4$L);',
                _right.grantor,
                _right.object,
                _right.grantee,
                pg_get_userbyid(_warn_of_circles.role)
            )
        );
    end if;
end;
$$;

comment on function s3vl._warn_of_circles(oid) is
    'Warns when rights are left that a role had or passed on, and that the owner cannot revoke.';

create or replace function s3vl._revoke_rights(role oid)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _heirs text;
    _statement text;
begin
    perform s3vl._lock_for_change('s3vl.index_registry');
    perform s3vl._let_old_changes_end();
    _heirs := s3vl._heirs(_revoke_rights.role);
    foreach _statement in array array(
        select r.statement
        from s3vl._revocation(_revoke_rights.role) with ordinality as r (statement, position)
        order by r.position
    )
    loop
        perform s3vl._change_rights(_statement);
    end loop;
    if _heirs is not null then
        perform s3vl._warn(
            format('what %s had passed on is revoked too', s3vl._grantee(_revoke_rights.role)),
            format('It was passed on to %s.', _heirs),
            'Give a role access of its own: select s3vl.grant_access(''<role>'', ''reader'');'
        );
    end if;
    perform s3vl._warn_of_circles(_revoke_rights.role);
end;
$$;

comment on function s3vl._revoke_rights(oid) is
    'Takes every right on s3vl from a role, with what it had passed on.';

create or replace function s3vl._warn_of_other_access(role oid)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _sources text;
begin
    -- As a member, whether it inherits the rights or takes them by SET ROLE.
    select
        string_agg(distinct s3vl._grantee(r.grantee), ', ') filter (
            where r.privilege = 'EXECUTE'
        )
    into _sources
    from s3vl._rights() as r
    inner join pg_roles as o on o.oid = _warn_of_other_access.role
    where not o.rolsuper and (r.grantee = 0 or pg_has_role(o.oid, r.grantee, 'member'))
    having bool_or(r.object = 'schema s3vl' and r.privilege = 'USAGE');
    if _sources is not null then
        perform s3vl._warn(
            format('%s may still use s3vl', s3vl._grantee(_warn_of_other_access.role)),
            format('It inherits the access of %s.', _sources),
            'Revoke its membership, or the access of that role.'
        );
    end if;
end;
$$;

comment on function s3vl._warn_of_other_access(oid) is
    'Warns when a role without rights of its own has those of another role.';
