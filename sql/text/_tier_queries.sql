-- The queries for both tiers: rows that have their embedding, and the keys of those that have none.

create or replace function s3vl._tier_distance(binding s3vl.binding, index s3vl.index_registry)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index constant s3vl.index_registry := _tier_distance.index;
    _type record;
begin
    select v.* into _type from s3vl._vector_type(_tier_distance.binding) as v;
    if _type.dimension <> _index.dimension or _index.distance_metric is null then
        perform s3vl._raise_tier(
            _tier_distance.binding,
            '55000',
            format(
                'it has %s dimensions, and index "%s" has %s and metric %s',
                coalesce(_type.dimension::text, 'any number of'),
                _index.index_name,
                coalesce(_index.dimension::text, 'unknown dimensions'),
                coalesce(_index.distance_metric, 'unknown')
            ),
            s3vl._refresh_hint(_index)
        );
    end if;
    return format(
        't.%1$I operator(%2$I.%3$s) $2::%2$I.%4$I',
        _tier_distance.binding.embedding_column,
        _type.schema_name,
        case _index.distance_metric when 'cosine' then '<=>' else '<->' end,
        _type.type_name
    );
end;
$$;

comment on function s3vl._tier_distance(s3vl.binding, s3vl.index_registry) is
    'Returns the expression of a hot row''s distance from $2, by the operator of pgvector for the '
    'metric of the index.';

create or replace function s3vl._tier_queries(
    query_vector double precision[],
    source regclass,
    embedding_column name,
    index_name text,
    top_k integer,
    candidates text,
    expected_model text,
    out hot text,
    out cold text,
    out similarity text
)
    stable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index constant s3vl.index_registry := s3vl._registered_index(
        _tier_queries.index_name collate "C"
    );
    _binding constant s3vl.binding := s3vl._tiered_binding(
        _tier_queries.source, _tier_queries.embedding_column collate "C", _index
    );
    _distance constant text := s3vl._tier_distance(_binding, _index);
    _vector_id constant text := s3vl._vector_id(_binding.id_prefix, _binding.key_column);
    _among constant text := s3vl._among(
        _tier_queries.candidates, _binding.source, _binding.key_column
    );
begin
    perform s3vl._check_range('top_k', _tier_queries.top_k, 1, 1000);
    perform s3vl._check_expected_model(_tier_queries.expected_model, _index);
    -- What it refuses pgvector would refuse in words of its own.
    perform s3vl._encode_vector('query_vector', _tier_queries.query_vector, _index);
    -- The service's euclidean distance is the square. Only the plain one can use pgvector's index.
    _tier_queries.hot := format(
        'select %s::pg_catalog.text, %s from %s as t where t.%I is not null %s '
        'order by %s limit $3',
        _vector_id,
        case _index.distance_metric
            when 'cosine' then _distance
            else format('pg_catalog.power(%s, 2)', _distance)
        end,
        _binding.source,
        _binding.embedding_column,
        _among,
        _distance
    );
    _tier_queries.cold := format(
        'select %s from %s as t where t.%I is null %s',
        _vector_id,
        _binding.source,
        _binding.embedding_column,
        _among
    );
    _tier_queries.similarity := case _index.distance_metric
        when 'cosine' then '1 operator(pg_catalog.-) h.distance'
        else '1 operator(pg_catalog./) (1 operator(pg_catalog.+) h.distance)'
    end;
end;
$$;

comment on function s3vl._tier_queries(
    double precision[], regclass, name, text, integer, text, text
) is
    'Returns the queries for the nearest rows that are hot, and for the keys of those that are '
    'cold, and the expression of a hot row''s similarity.';
