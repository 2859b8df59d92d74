-- Which roles may use an index, and which part of it.

create or replace function s3vl.restrict_index(
    index_name text,
    role_name name,
    metadata_filter jsonb default null,
    tenant_key text default null,
    tenant_setting text default null
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _role constant name := restrict_index.role_name;
    _key constant text collate "C" := restrict_index.tenant_key;
    _setting constant text collate "C" := restrict_index.tenant_setting;
    _filter jsonb;
begin
    _index := s3vl._named_index(restrict_index.index_name collate "C");
    if s3vl._role_oid(_role collate "C") is null then
        raise exception using
            errcode = '42704',
            message = format('role %s does not exist', coalesce('"' || _role || '"', 'null')),
            hint = 'See pg_roles. Members of a role are not that role: restrict each of them.';
    end if;
    _filter := s3vl._restriction_filter(restrict_index.metadata_filter, _index);
    perform s3vl._check_tenant(_key, _setting, _filter, _index);
    perform s3vl._check_writable('the restriction');
    perform s3vl._lock_for_change('s3vl.index_registry');
    insert into s3vl.restricted_index (index_arn)
    values (_index.index_arn)
    on conflict do nothing;
    delete from s3vl.index_restriction as r
    where r.index_arn = _index.index_arn and r.role_name = _role collate "C";
    insert into s3vl.index_restriction (
        index_arn, role_name, metadata_filter, tenant_key, tenant_setting
    )
    values (_index.index_arn, _role, _filter, _key, _setting);
    perform s3vl._note_restriction_change();
    return true;
end;
$$;

comment on function s3vl.restrict_index(text, name, jsonb, text, text) is
    'Restricts an index to a role. The role may use it, or the part whose metadata has what '
    'metadata_filter asks; roles without a restriction of their own, the owner of s3vl and '
    'superusers too, may not use it any more. Returns true, and replaces what the role had. '
    'It holds for every search, read and write, by each name of the index and by its ARN. Members '
    'of the role are not the role. metadata_filter is an object of keys with a value, $eq or $in. '
    'With tenant_key and tenant_setting the key has to be what the setting says, at each call. '
    'Raises 22023 for an invalid argument, 42704 for an unknown index or role, and 55P03 while '
    'another session changes the registry.';

create or replace function s3vl.unrestrict_index(index_name text, role_name name default null)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _role constant name := unrestrict_index.role_name;
    _is_found boolean;
begin
    _index := s3vl._named_index(unrestrict_index.index_name collate "C");
    perform s3vl._check_writable('the restriction');
    perform s3vl._lock_for_change('s3vl.index_registry');
    if _role is null then
        delete from s3vl.restricted_index as i
        where i.index_arn = _index.index_arn;
    else
        delete from s3vl.index_restriction as r
        where r.index_arn = _index.index_arn and r.role_name = _role collate "C";
    end if;
    _is_found := found;
    if not _is_found then
        raise exception using
            errcode = '42704',
            message = concat(
                format('index "%s" is not restricted', _index.index_name),
                format(' to role "%s"', _role)
            ),
            hint = 'See select * from s3vl.list_restrictions();';
    end if;
    perform s3vl._note_restriction_change();
    return true;
end;
$$;

comment on function s3vl.unrestrict_index(text, name) is
    'Takes a restriction back. With a role it may not use the index any more, which stays closed '
    'to all others, also when no role is left. Without a role all restrictions of the index end, '
    'and every role with access may use it again. It holds from the next statement on. Returns '
    'true. Raises 42704 for what is not restricted, and 55P03 while another session changes the '
    'registry.';

create or replace function s3vl.list_restrictions()
    returns table (
        index_name text,
        index_arn text,
        role_name name,
        metadata_filter jsonb,
        tenant_key text,
        tenant_setting text,
        is_valid boolean,
        created_at timestamptz
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        (
            select min(n.index_name)
            from s3vl.index_registry as n
            where n.index_arn = i.index_arn
        ),
        i.index_arn,
        r.role_name,
        r.metadata_filter,
        r.tenant_key,
        r.tenant_setting,
        r.role_name is null or coalesce(r.role_oid = s3vl._role_oid(r.role_name), false),
        coalesce(r.created_at, i.restricted_at)
    from s3vl.restricted_index as i
    left join s3vl.index_restriction as r on r.index_arn = i.index_arn
    order by 1, 2, 3;
end;
$$;

comment on function s3vl.list_restrictions() is
    'Lists the restricted indexes. There is one row for each role that may use one, with the part '
    'that it may use: metadata_filter, and tenant_key with the setting that tells its value; both '
    'are null for the whole index. An index that no role may use has a row without a role. '
    'index_name is the first of its names, or null when it has none. is_valid is false when the '
    'role was dropped or renamed: restrict the index again. No Lambda call.';
