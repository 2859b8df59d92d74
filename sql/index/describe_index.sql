-- What an index is now. What is seen is not saved: see call/_try_connection.sql.

create or replace function s3vl.describe_index(name text)
    returns table (
        index_name text,
        index_arn text,
        description text,
        bucket_name text,
        region text,
        account_id text,
        created_at timestamptz,
        updated_at timestamptz,
        is_active boolean,
        dimension integer,
        distance_metric text,
        index_mode text,
        non_filterable_keys text[],
        text_keys jsonb
    )
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    _index := s3vl._registered_index(describe_index.name collate "C");
    _index := s3vl._ask_facts(_index, clock_timestamp());
    return query
    select
        i.*,
        _index.dimension,
        _index.distance_metric,
        _index.index_mode,
        _index.non_filterable_keys,
        _index.text_keys
    from s3vl.get_index_info(_index.index_name) as i;
end;
$$;

comment on function s3vl.describe_index(text) is
    'Asks S3 Vectors about an index. Calls GetIndex for a registered index, and shows the answer '
    'beside what is registered. Saves nothing, and waits for no other session; '
    's3vl.register_index() is what remembers these facts, to refuse early what the index cannot '
    'do. index_mode is CLASSIC or ENHANCED, or null when the service does not say; text_keys are '
    'the metadata keys with text search, each with language and status. Raises 42704, 55000 and '
    'S3V01 to S3V06.';
