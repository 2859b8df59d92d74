-- Access for roles: reader, writer or admin, by grants of PostgreSQL on functions and nothing else.
-- No role needs a right on the tables or on aws_lambda. SQL is put together here and in _access.sql
-- because GRANT takes no parameters.

create or replace function s3vl.grant_access(role_name name, access_level text)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _role oid := s3vl._find_role(grant_access.role_name collate "C");
    _functions text := s3vl._granted_functions(grant_access.access_level collate "C");
begin
    if _functions is null then
        raise exception using
            errcode = '22023',
            message = format(
                'access_level must be reader, writer or admin, got %s',
                coalesce('"' || s3vl._shown(grant_access.access_level) || '"', 'null')
            ),
            hint = 'A reader searches, a writer also puts and deletes vectors, an admin may do '
                'everything.';
    end if;
    -- USAGE of the schema would then be enough to execute everything, whatever the level.
    if has_function_privilege('public', 's3vl.configure(text, text, integer)', 'execute') then
        raise exception using
            errcode = '55000',
            message = 'PUBLIC may execute s3vl.configure()',
            detail = 'pg_restore --no-privileges leaves it so, and loses the access of roles.',
            hint = 'Type: revoke all on all routines in schema s3vl from public;';
    end if;
    -- A role has one level: what it had before is replaced.
    perform s3vl._revoke_rights(_role);
    -- The statement above, and others of its kind, revoke this too.
    perform s3vl._open_to_everybody();
    perform s3vl._change_rights(
        format('grant usage on schema s3vl to %s', s3vl._grantee(_role))
    );
    perform s3vl._change_rights(
        format('grant execute on routine %s to %s', _functions, s3vl._grantee(_role))
    );
end;
$$;

comment on function s3vl.grant_access(name, text) is
    'Gives a role access to s3vl. It replaces what the role had before. access_level is reader '
    '(search and look), writer (also put_vectors, delete_vectors and sync) or admin (everything). '
    'Raises 42704 for an unknown role, 22023 for another level, 55000 when everybody has all '
    'rights, and 55P03 while another session changes access or indexes.';

create or replace function s3vl.revoke_access(role_name name)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _role oid := s3vl._find_role(revoke_access.role_name collate "C");
begin
    perform s3vl._revoke_rights(_role);
    perform s3vl._warn_of_other_access(_role);
end;
$$;

comment on function s3vl.revoke_access(name) is
    'Takes all access from a role. It does so whoever has granted it, and takes access also from '
    'those to whom the role has passed it on, with a warning that names them. What it has as a '
    'member of another role stays, with a warning that says so. Raises 42704 for an unknown role, '
    'and 55P03 while another session changes access or indexes.';
