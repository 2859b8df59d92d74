-- Functions of 1.0.0 to which 1.1.0 has added an argument or a column, as views and functions know
-- them that were made before an upgrade. (To PostgreSQL each is another function.)

create or replace function s3vl._register_index_1_0(
    index_name text,
    index_arn text,
    description text default null
)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl.register_index(
        _register_index_1_0.index_name, _register_index_1_0.index_arn,
        _register_index_1_0.description
    )
$$;

comment on function s3vl._register_index_1_0(text, text, text) is
    's3vl.register_index() as 1.0.0 had it, for functions that were made then.';

create or replace function s3vl._list_indexes_1_0()
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
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        i.index_name, i.index_arn, i.description, i.bucket_name, i.region, i.account_id,
        i.created_at, i.updated_at, i.is_active
    from s3vl.list_indexes() as i
$$;

comment on function s3vl._list_indexes_1_0() is
    's3vl.list_indexes() as 1.0.0 had it, for views and functions that were made then.';

create or replace function s3vl._get_index_info_1_0(name text)
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
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        i.index_name, i.index_arn, i.description, i.bucket_name, i.region, i.account_id,
        i.created_at, i.updated_at, i.is_active
    from s3vl.get_index_info(_get_index_info_1_0.name) as i
$$;

comment on function s3vl._get_index_info_1_0(text) is
    's3vl.get_index_info() as 1.0.0 had it, for views and functions that were made then.';

create or replace function s3vl._describe_index_1_0(name text)
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
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        i.index_name, i.index_arn, i.description, i.bucket_name, i.region, i.account_id,
        i.created_at, i.updated_at, i.is_active, i.dimension, i.distance_metric, i.index_mode,
        i.non_filterable_keys, i.text_keys
    from s3vl.describe_index(_describe_index_1_0.name) as i
$$;

comment on function s3vl._describe_index_1_0(text) is
    's3vl.describe_index() as 1.0.0 had it, for views and functions that were made then.';
