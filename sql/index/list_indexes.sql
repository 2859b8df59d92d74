-- What is registered. Local look-ups: no Lambda call.

create or replace function s3vl.list_indexes()
    returns table (
        index_name text,
        index_arn text,
        description text,
        bucket_name text,
        region text,
        account_id text,
        created_at timestamptz,
        updated_at timestamptz,
        is_active boolean
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
        r.index_name,
        r.index_arn,
        r.description,
        r.bucket_name,
        r.region,
        r.account_id,
        r.created_at,
        r.updated_at,
        r.is_active
    from s3vl.index_registry as r
    order by r.index_name;
end;
$$;

comment on function s3vl.list_indexes() is
    'Lists the registered indexes. They come by name, inactive ones too. No Lambda call.';

create or replace function s3vl.get_index_info(name text)
    returns table (
        index_name text,
        index_arn text,
        description text,
        bucket_name text,
        region text,
        account_id text,
        created_at timestamptz,
        updated_at timestamptz,
        is_active boolean
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select i.*
    from s3vl.list_indexes() as i
    where i.index_name = get_index_info.name collate "C";
    if not found then
        perform s3vl._raise_unknown_index(get_index_info.name collate "C");
    end if;
end;
$$;

comment on function s3vl.get_index_info(text) is
    'Shows one registered index. It may be inactive. Raises 42704 for an unknown name. No Lambda '
    'call.';
