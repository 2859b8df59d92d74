-- What S3 Vectors says about an index (GetIndex), which the registry remembers.

create or replace function s3vl._ask_facts(index s3vl.index_registry, started timestamptz)
    returns s3vl.index_registry
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := _ask_facts.index;
    _request json := json_build_object('index_arn', _index.index_arn);
    _facts record;
begin
    select i.*
    into _facts
    from s3vl._ask('describe_index', _request, _ask_facts.started) as p (result)
    cross join lateral s3vl._decode_index(p.result) as i;
    _index.dimension := _facts.dimension;
    _index.distance_metric := _facts.distance_metric;
    _index.index_mode := _facts.index_mode;
    _index.non_filterable_keys := _facts.non_filterable_keys;
    _index.text_keys := _facts.text_keys;
    _index.described_at := clock_timestamp();
    return _index;
end;
$$;

comment on function s3vl._ask_facts(s3vl.index_registry, timestamptz) is
    'Returns an index with the facts as they are now.';

create or replace function s3vl._remember_facts(index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update s3vl.index_registry as r
    set dimension = _remember_facts.index.dimension,
        distance_metric = _remember_facts.index.distance_metric,
        index_mode = _remember_facts.index.index_mode,
        non_filterable_keys = _remember_facts.index.non_filterable_keys,
        text_keys = _remember_facts.index.text_keys,
        described_at = _remember_facts.index.described_at,
        updated_at = now()
    where r.index_arn = _remember_facts.index.index_arn;
end;
$$;

comment on function s3vl._remember_facts(s3vl.index_registry) is
    'Saves the facts about an index in the registry, under each of its names.';

create or replace function s3vl._facts_origin(index s3vl.index_registry)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Rows that were registered before 1.1.0 do not say when.
    select format(
        'The facts about index "%s" are from GetIndex, %s.',
        _facts_origin.index.index_name,
        coalesce(
            date_trunc('second', _facts_origin.index.described_at)::text, 'at an unknown time'
        )
    )
    where num_nonnulls(
        _facts_origin.index.dimension, _facts_origin.index.non_filterable_keys
    ) > 0
$$;

comment on function s3vl._facts_origin(s3vl.index_registry) is
    'Says since when the registry knows what an index is; null when it does not know.';

create or replace function s3vl._refresh_hint(index s3vl.index_registry)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        'If the index is another one now, register it again, with admin access: '
        'select s3vl.register_index(%L, %L);',
        _refresh_hint.index.index_name,
        _refresh_hint.index.index_arn
    )
$$;

comment on function s3vl._refresh_hint(s3vl.index_registry) is
    'Says how to let the registry know again what an index is.';
