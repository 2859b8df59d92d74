-- From results of the protocol to rows.

create or replace function s3vl._decode_vectors(result jsonb)
    returns table (
        vector_id text,
        distance double precision,
        similarity_score double precision,
        embedding double precision[],
        metadata jsonb
    )
    -- The planner is to expect many rows, and not to join them in a nested loop.
    rows 10000
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _metric text := _decode_vectors.result ->> 'distance_metric';
begin
    if jsonb_typeof(_decode_vectors.result -> 'vectors') is distinct from 'array' then
        perform s3vl._raise_malformed('without vectors', _decode_vectors.result::text);
    end if;
    if jsonb_path_exists(
        _decode_vectors.result, '$.vectors[*] ? (!exists(@.vector_id ? (@.type() == "string")))'
    ) then
        perform s3vl._raise_malformed('a vector without an id', _decode_vectors.result::text);
    end if;
    return query
    select
        v.vector_id,
        v.distance,
        case _metric
            -- In decimal, so that a distance of 0.1 leaves 0.9 and not 0.90000000000000002.
            when 'cosine' then (1 - v.distance::numeric)::double precision
            when 'euclidean' then 1 / (1 + v.distance)
        end,
        v.embedding,
        v.metadata
    from jsonb_to_recordset(_decode_vectors.result -> 'vectors') as v (
        vector_id text,
        distance double precision,
        embedding double precision[],
        metadata jsonb
    );
exception
    when data_exception then
        perform s3vl._raise_malformed(
            'vectors that cannot be read: ' || sqlerrm, _decode_vectors.result::text
        );
end;
$$;

comment on function s3vl._decode_vectors(jsonb) is
    'Returns the vectors of a result in their order; what was not asked for is null.';

create or replace function s3vl._decode_index(result jsonb)
    returns table (
        dimension integer,
        distance_metric text,
        index_mode text,
        non_filterable_keys text[],
        text_keys jsonb
    )
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(_decode_index.result -> 'index') is distinct from 'object' then
        perform s3vl._raise_malformed('without an index', _decode_index.result::text);
    end if;
    return query
    select i.dimension, i.distance_metric, i.index_mode, i.non_filterable_keys, i.text_keys
    from jsonb_to_record(_decode_index.result -> 'index') as i (
        dimension integer,
        distance_metric text,
        index_mode text,
        non_filterable_keys text[],
        text_keys jsonb
    );
exception
    when data_exception then
        perform s3vl._raise_malformed(
            'an index that cannot be read: ' || sqlerrm, _decode_index.result::text
        );
end;
$$;

comment on function s3vl._decode_index(jsonb) is
    'Returns what GetIndex says about an index.';
