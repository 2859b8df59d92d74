-- Which part of a restricted index a role may use. One role, one part: what a role inherits from
-- others does not count, and no role is exempt.

create or replace function s3vl._raise_restricted(
    index s3vl.index_registry,
    role_name name
)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = '42501',
        message = format(
            'role "%s" may not use index "%s"',
            _raise_restricted.role_name,
            _raise_restricted.index.index_name
        ),
        detail = case
            when exists (
                select
                from s3vl.index_restriction as r
                where r.index_arn = _raise_restricted.index.index_arn
                    and r.role_name = _raise_restricted.role_name
            )
                then 'It is restricted to other roles, and to another that had this name.'
            else 'It is restricted to other roles.'
        end,
        hint = format(
            'Let the role use it, with admin access: select s3vl.restrict_index(%L, %L);',
            _raise_restricted.index.index_name,
            _raise_restricted.role_name
        );
end;
$$;

comment on function s3vl._raise_restricted(s3vl.index_registry, name) is
    'Raises 42501 for a role that has no part of an index.';

create or replace function s3vl._tenant_now(tenant_setting text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Empty after RESET, and after SET LOCAL at the end of its transaction.
    _tenant constant text := nullif(current_setting(_tenant_now.tenant_setting, true), '');
begin
    -- An index has no more in filterable metadata.
    if octet_length(_tenant) between 1 and 2048 then
        return _tenant;
    end if;
    raise exception using
        errcode = '42501',
        message = format(
            'setting %s %s',
            _tenant_now.tenant_setting,
            case when _tenant is null then 'is not set'
                else format('has %s bytes', octet_length(_tenant)) end
        ),
        detail = 'It says which part of the index this role uses.',
        hint = format('Type: set %s = ''<tenant>'';', _tenant_now.tenant_setting);
end;
$$;

comment on function s3vl._tenant_now(text) is
    'Returns the tenant that a setting tells; no tenant is never all of them.';

create or replace function s3vl._restriction(
    index s3vl.index_registry,
    role_oid oid,
    role_name name
)
    returns jsonb
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _part s3vl.index_restriction;
begin
    perform s3vl._check_restrictions_are_seen();
    if not exists (
        select
        from s3vl.restricted_index as i
        where i.index_arn = _restriction.index.index_arn
    ) then
        return null;
    end if;
    select r.*
    into _part
    from s3vl.index_restriction as r
    where r.index_arn = _restriction.index.index_arn
        and r.role_name = _restriction.role_name
        and r.role_oid = _restriction.role_oid;
    if not found then
        perform s3vl._raise_restricted(_restriction.index, _restriction.role_name);
    end if;
    if _part.tenant_key is null then
        return _part.metadata_filter;
    end if;
    return coalesce(_part.metadata_filter, '{}') || jsonb_build_object(
        _part.tenant_key,
        jsonb_build_object('$eq', s3vl._tenant_now(_part.tenant_setting))
    );
end;
$$;

comment on function s3vl._restriction(s3vl.index_registry, oid, name) is
    'Returns the part of an index that a role may use, as keys of metadata with $eq or $in; null '
    'for all of it.';

create or replace function s3vl._hand_on_restrictions(index_arn text, to_index_arn text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into s3vl.restricted_index (index_arn)
    select _hand_on_restrictions.to_index_arn
    from s3vl.restricted_index as i
    where i.index_arn = _hand_on_restrictions.index_arn
    on conflict do nothing;
    if not found then
        return;
    end if;
    insert into s3vl.index_restriction (
        index_arn, role_name, metadata_filter, tenant_key, tenant_setting
    )
    select
        _hand_on_restrictions.to_index_arn,
        r.role_name,
        r.metadata_filter,
        r.tenant_key,
        r.tenant_setting
    from s3vl.index_restriction as r
    where r.index_arn = _hand_on_restrictions.index_arn
        -- Another role may have the name by now.
        and r.role_oid = s3vl._role_oid(r.role_name);
    perform s3vl._note_restriction_change();
end;
$$;

comment on function s3vl._hand_on_restrictions(text, text) is
    'Restricts an index that gets the name of a restricted one alike, unless it is restricted.';
