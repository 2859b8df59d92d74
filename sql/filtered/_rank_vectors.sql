-- Exact ranking of vectors that are named: the way to the Lambda function, which gets and compares
-- them, and back.

create or replace function s3vl._merge_ranked(
    ranked_ids text[],
    distances double precision[],
    similarity_scores double precision[],
    metadata jsonb[],
    result jsonb,
    top_k integer
)
    returns table (
        merged_ids text[],
        merged_distances double precision[],
        merged_scores double precision[],
        merged_metadata jsonb[]
    )
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(array_agg(n.vector_id order by n.position), '{}'),
        coalesce(array_agg(n.distance order by n.position), '{}'),
        coalesce(array_agg(n.similarity_score order by n.position), '{}'),
        coalesce(array_agg(n.metadata order by n.position), '{}')
    from (
        select
            a.*,
            row_number() over (order by a.distance, a.vector_id collate "C") as position
        from (
            select v.vector_id, v.distance, v.similarity_score, v.metadata
            from s3vl._decode_vectors(_merge_ranked.result, '{vector_id,distance}') as v
            union all
            select b.vector_id, b.distance, b.similarity_score, b.metadata
            from unnest(
                _merge_ranked.ranked_ids,
                _merge_ranked.distances,
                _merge_ranked.similarity_scores,
                _merge_ranked.metadata
            ) as b (vector_id, distance, similarity_score, metadata)
        ) as a
    ) as n
    where n.position <= _merge_ranked.top_k
$$;

comment on function s3vl._merge_ranked(
    text[], double precision[], double precision[], jsonb[], jsonb, integer
) is
    'Returns the nearest of what was ranked before and of a result.';

create or replace function s3vl._decode_missing(result jsonb)
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(_decode_missing.result -> 'missing') is distinct from 'number' then
        perform s3vl._raise_malformed(
            'a ranking that does not tell what is missing', _decode_missing.result::text
        );
    end if;
    return (_decode_missing.result ->> 'missing')::bigint;
end;
$$;

comment on function s3vl._decode_missing(jsonb) is
    'Returns how many of the ids of a request have no vector.';

create or replace function s3vl._rank_vectors(
    caller s3vl.caller,
    query_vector double precision[],
    vector_ids text[],
    index_name text,
    index_arn text,
    top_k integer,
    return_metadata boolean,
    expected_model text,
    started timestamptz
)
    returns table (
        ranked_ids text[],
        distances double precision[],
        similarity_scores double precision[],
        metadata jsonb[],
        missing bigint
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- A caller may have begun earlier, never later than now.
    _started timestamptz := least(_rank_vectors.started, clock_timestamp());
    _open record;
    _index s3vl.index_registry;
    _ids text[];
    _vector json;
    _chunk record;
    _result jsonb;
begin
    _open := s3vl._open_index(
        _rank_vectors.caller, 'rank_vectors', _rank_vectors.index_name, _rank_vectors.index_arn
    );
    _index := _open.index;
    perform s3vl._check_expected_model(_rank_vectors.expected_model, _index);
    perform s3vl._check_range('top_k', _rank_vectors.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', _rank_vectors.return_metadata);
    _ids := s3vl._distinct_ids(_rank_vectors.vector_ids collate "C");
    _vector := s3vl._encode_vector('query_vector', _rank_vectors.query_vector, _index);
    ranked_ids := '{}';
    distances := '{}';
    similarity_scores := '{}';
    metadata := '{}';
    missing := 0;
    for _chunk in select c.* from s3vl._chunks(s3vl._encode_ids(_ids)) as c loop
        for _result in
            select p.result
            from s3vl._ask(
                'rank_vectors',
                json_build_object(
                    'index_arn', _index.index_arn,
                    'query_vector', _vector,
                    'vector_ids', _chunk.chunk,
                    'top_k', _rank_vectors.top_k,
                    'return_metadata', _rank_vectors.return_metadata,
                    'restriction', _open.restriction
                ),
                _started
            ) as p (result)
        loop
            missing := missing + s3vl._decode_missing(_result);
            select m.merged_ids, m.merged_distances, m.merged_scores, m.merged_metadata
            into ranked_ids, distances, similarity_scores, metadata
            from s3vl._merge_ranked(
                ranked_ids, distances, similarity_scores, metadata, _result, _rank_vectors.top_k
            ) as m;
        end loop;
    end loop;
    return next;
end;
$$;

comment on function s3vl._rank_vectors(
    s3vl.caller, double precision[], text[], text, text, integer, boolean, text, timestamptz
) is
    'Ranks vectors by id, exactly. One row: arrays of one length, nearest first, those of equal '
    'distance by id, and how many of the distinct ids have no vector. As many calls of the Lambda '
    'function as the ids and the answer take, all within timeout_seconds since started; no ids, no '
    'call. metadata has nulls with return_metadata => false. Raises what s3vl.rank_vectors() '
    'raises.';
