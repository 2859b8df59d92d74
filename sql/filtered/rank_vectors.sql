-- Exact search among vectors that are named.

create or replace function s3vl.rank_vectors(
    query_vector double precision[],
    vector_ids text[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default false,
    expected_model text default null
)
    returns table (
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    stable
    parallel unsafe
    rows 10
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _ranked record;
begin
    select r.*
    into _ranked
    from s3vl._rank_vectors(
        s3vl._sealed_caller(),
        rank_vectors.query_vector,
        rank_vectors.vector_ids,
        rank_vectors.index_name,
        rank_vectors.index_arn,
        rank_vectors.top_k,
        rank_vectors.return_metadata,
        rank_vectors.expected_model,
        clock_timestamp()
    ) as r;
    if _ranked.missing > 0 then
        raise notice using
            message = format(
                'index "%s" has no vector for %s of the ids',
                coalesce(rank_vectors.index_name, rank_vectors.index_arn),
                _ranked.missing
            ),
            hint = 'They are not ranked. s3vl.get_vectors() tells which, in its column found.';
    end if;
    return query
    select n.vector_id, n.distance, n.similarity_score, n.metadata
    from unnest(
        _ranked.ranked_ids, _ranked.distances, _ranked.similarity_scores, _ranked.metadata
    ) as n (vector_id, distance, similarity_score, metadata);
end;
$$;

comment on function s3vl.rank_vectors(
    double precision[], text[], text, text, integer, boolean, text
) is
    'Ranks given ids, exactly. The Lambda function gets their vectors (GetVectors) and compares '
    'each with query_vector, so that nothing near is missed, as an approximate search may do. '
    'vector_ids are for example those of the rows that a WHERE has chosen: '
    'array(select id::text from ...). Give index_name or index_arn. Any number of ids; each counts '
    'once, and a NOTICE tells how many have no vector. Time and cost grow with them: 2,000 vectors '
    'of 1,024 dimensions take a second of a processor. The nearest come first, those of equal '
    'distance by id; top_k is 1 to 10000. Columns are those of s3vl.query_vectors(); metadata is '
    'null without return_metadata => true. expected_model is the model of query_vector, and '
    'another than that of the index is refused. All ids are ranked within timeout_seconds, or it '
    'fails. Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';
