-- How a public function brings its caller along, and how the function behind it knows that this is
-- true: see caller.sql. The public function runs with the rights of its caller; the one behind it
-- is everybody's to execute, since grants are on the public one, and looks whether the caller may
-- execute that.

create or replace function s3vl._sealed_caller()
    returns s3vl.caller
    stable
    parallel unsafe
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _caller s3vl.caller;
begin
    select c.* into _caller from s3vl.caller as c;
    return _caller;
end;
$$;

comment on function s3vl._sealed_caller() is
    'Returns whose code is running, with the seal that proves it.';

create or replace function s3vl._raise_not_sealed(function_name name)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from s3vl.seal_key) then
        raise exception using
            errcode = '55000',
            message = 's3vl has no key for seals',
            detail = 'A dump without data leaves it so.',
            hint = 'Type: select s3vl.configure(''<Lambda ARN>'');';
    end if;
    raise exception using
        errcode = '42501',
        message = 'the seal does not prove who calls',
        hint = format('Call s3vl.%s(), which brings its own.', _raise_not_sealed.function_name);
end;
$$;

comment on function s3vl._raise_not_sealed(name) is
    'Raises 42501 for a call that does not come by way of the public function.';

create or replace function s3vl._check_caller(caller s3vl.caller, function_name name)
    returns name
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Hashed once more, so that how long the comparison takes tells nothing about the seal.
    _role_name constant name := (
        select s.role_name
        from s3vl.role_seal as s
        where s.role_oid = _check_caller.caller.role_oid
            and sha256(s.seal) = sha256(_check_caller.caller.seal)
    );
begin
    if _role_name is null then
        perform s3vl._raise_not_sealed(_check_caller.function_name);
    end if;
    if not exists (
        select
        from pg_proc as p
        where p.proname = _check_caller.function_name
            and p.pronamespace = 's3vl'::regnamespace
            and has_function_privilege(_check_caller.caller.role_oid, p.oid, 'execute')
    ) then
        raise exception using
            errcode = '42501',
            message = format('permission denied for function %s', _check_caller.function_name),
            detail = format('Role "%s" may not execute it.', _role_name),
            hint = format(
                'Give it access, with admin access: select s3vl.grant_access(%L, ''<level>'');',
                _role_name
            );
    end if;
    return _role_name;
end;
$$;

comment on function s3vl._check_caller(s3vl.caller, name) is
    'Returns the name of the role that calls, and refuses whoever may not execute the public '
    'function.';

create or replace function s3vl._public_rights()
    returns table (object text, privilege text)
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select 'table s3vl.caller', 'SELECT'
    union all
    select 'routine ' || p.oid::regprocedure, 'EXECUTE'
    from (
        values
        ('_sealed_caller'),
        ('_query_vectors'),
        ('_query_vectors_batch'),
        ('_query_hybrid'),
        ('_get_vectors'),
        ('_list_vectors'),
        ('_put_vectors'),
        ('_delete_vectors'),
        ('_begin_search'),
        ('_next_neighbours'),
        ('_rank_vectors')
    ) as f (function_name)
    inner join pg_proc as p on p.proname = f.function_name
    where p.pronamespace = 's3vl'::regnamespace
$$;

comment on function s3vl._public_rights() is
    'Lists what everybody may do who has USAGE of the schema, written as in GRANT.';
