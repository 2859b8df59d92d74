-- Who is calling, and what that role may ask for. EXECUTE on the functions is the first gate
-- (operate/privileges.sql); what a function has to ask for itself stands here.

create or replace function s3vl._caller()
    returns name
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- In a SECURITY DEFINER function current_user is the owner; what SET ROLE has set remains.
    select case current_setting('role')
        when 'none' then session_user
        else current_setting('role')::name
    end
$$;

comment on function s3vl._caller() is
    'Returns the role on whose behalf the call is made: that of SET ROLE, else the session''s.';

create or replace function s3vl._caller_is_admin()
    returns boolean
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select has_function_privilege(
        s3vl._caller(), 's3vl.configure(text, text, integer)', 'execute'
    )
$$;

comment on function s3vl._caller_is_admin() is
    'Tells whether the caller has admin access, which is to say may execute s3vl.configure().';

create or replace function s3vl._authorize_unregistered(index_arn text)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- The registry is the list of what may be reached from here: who may extend it needs no entry.
    if not s3vl._caller_is_admin() then
        raise exception using
            errcode = '42501',
            message = format('index "%s" is not registered', _authorize_unregistered.index_arn),
            detail = format('Role "%s" may use registered indexes only.', s3vl._caller()),
            hint = format(
                'Ask an administrator for: select s3vl.register_index(''<name>'', %L);',
                _authorize_unregistered.index_arn
            );
    end if;
end;
$$;

comment on function s3vl._authorize_unregistered(text) is
    'Refuses an ARN that is not in the registry, 42501, unless the caller has admin access.';
