-- Neighbours of a vector, read on page by page: top_k is declared once, and each call goes on where
-- the one before has stopped.

create or replace function s3vl._next_neighbours(
    caller s3vl.caller,
    query_vector double precision[],
    index_name text,
    index_arn text,
    top_k integer,
    stop_after integer,
    return_metadata boolean,
    metadata_filter jsonb,
    continuation jsonb,
    started timestamptz
)
    returns table (
        vector_ids text[],
        distances double precision[],
        similarity_scores double precision[],
        metadata jsonb[],
        next_continuation jsonb
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- The time of one search begins with its first call, and never later than now.
    _started timestamptz := least(_next_neighbours.started, clock_timestamp());
    _open record;
    _index s3vl.index_registry;
    _answer jsonb;
    _request json;
begin
    _open := s3vl._open_index(
        _next_neighbours.caller,
        'query_filtered',
        _next_neighbours.index_name,
        _next_neighbours.index_arn
    );
    _index := _open.index;
    perform s3vl._check_range('top_k', _next_neighbours.top_k, 1, 10000);
    perform s3vl._check_range('stop_after', _next_neighbours.stop_after, 1, 10000);
    perform s3vl._check_boolean('return_metadata', _next_neighbours.return_metadata);
    perform s3vl._check_filter(_next_neighbours.metadata_filter, _index);
    perform s3vl._check_query_mode(null, _next_neighbours.metadata_filter, _index, _started);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'query_vector', s3vl._encode_vector('query_vector', _next_neighbours.query_vector, _index),
        'top_k', _next_neighbours.top_k,
        'stop_after', _next_neighbours.stop_after,
        'return_metadata', _next_neighbours.return_metadata,
        'metadata_filter', s3vl._restricted_filter(
            _open.restriction, _next_neighbours.metadata_filter
        )
    );
    _answer := s3vl._invoke(
        'query_vectors', s3vl._members(_request), _started, _next_neighbours.continuation
    );
    _answer := s3vl._require_success(_answer, _request);
    next_continuation := nullif(_answer -> 'continuation', 'null');
    select
        coalesce(array_agg(v.vector_id order by v.position), '{}'),
        coalesce(array_agg(v.distance order by v.position), '{}'),
        coalesce(array_agg(v.similarity_score order by v.position), '{}'),
        coalesce(array_agg(v.metadata order by v.position), '{}')
    into vector_ids, distances, similarity_scores, metadata
    from s3vl._decode_vectors(_answer -> 'result', '{vector_id,distance}') with ordinality as v (
        query_number, vector_id, distance, similarity_score, fused_score, bm25_scores, embedding,
        metadata, position
    );
    perform s3vl._check_count(cardinality(vector_ids), _next_neighbours.top_k);
    return next;
end;
$$;

comment on function s3vl._next_neighbours(
    s3vl.caller, double precision[], text, text, integer, integer, boolean, jsonb, jsonb,
    timestamptz
) is
    'Reads the next neighbours of a vector. One call of the Lambda function, and one row: arrays '
    'of one length, nearest first, and the continuation to pass to the next call, null when there '
    'are no more, because the index or top_k ended. Pass the same other arguments each time, with '
    'the started of the first call; only stop_after may change. A call returns whole pages until '
    'it has stop_after neighbours, so up to 99 more, or fewer with a continuation when the time or '
    'the room of an answer ended, perhaps none. A continuation is good for some minutes. metadata '
    'has nulls with return_metadata => false. Raises what s3vl.query_vectors() raises.';
