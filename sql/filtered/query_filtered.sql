-- Search under a predicate. It runs as its caller, and under the search_path of its caller, because
-- the query of the candidates does. So nothing here but variables and functions of s3vl, by their
-- full names: an operator or a type could be one that somebody else has put in the way.

create or replace function s3vl.query_filtered(
    query_vector double precision[],
    candidates text,
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    parameters jsonb default null,
    metadata_filter jsonb default null,
    return_metadata boolean default false,
    filter_strategy text default 'auto',
    num_candidates integer default 10000,
    exact_search_threshold integer default null,
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
as $$
declare
    _started pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    _query pg_catalog.text := pg_catalog.rtrim(candidates, E'; \t\r\n');
    _search pg_catalog.jsonb := s3vl._begin_search(
        s3vl._sealed_caller(), query_vector, candidates, index_name, index_arn, top_k,
        metadata_filter, return_metadata, filter_strategy, num_candidates, exact_search_threshold,
        expected_model, _started
    );
    _type pg_catalog.regtype := s3vl._candidate_type(_query, parameters);
    _array pg_catalog.text := s3vl._key_array(_type);
    -- All candidates, once they have been read.
    _keys pg_catalog.text[];
    _passing pg_catalog.text[];
    _page pg_catalog.record;
    _continuation pg_catalog.jsonb;
    _move pg_catalog.record;
begin
    _search := s3vl._with_estimate(_search, s3vl._estimated_candidates(_query, parameters));
    loop
        select m.* into _move from s3vl._next_move(_search) as m;
        if _move.keys is not null then
            _keys := s3vl._candidate_keys(_query, parameters, _array, _move.keys);
            _search := s3vl._with_candidates(_search, pg_catalog.cardinality(_keys), _move.keys);
        elsif _move.is_to_rank then
            select r.* into _page from s3vl._rank_vectors(
                s3vl._sealed_caller(), query_vector, _keys, index_name, index_arn, top_k,
                return_metadata, null, _started
            ) as r;
            _search := s3vl._with_ranks(
                _search, _page.ranked_ids, _page.distances, _page.similarity_scores,
                _page.metadata, _page.missing
            );
        elsif _move.neighbours is not null then
            select n.* into _page from s3vl._next_neighbours(
                s3vl._sealed_caller(), query_vector, index_name, index_arn, num_candidates,
                _move.neighbours, return_metadata, metadata_filter, _continuation, _started
            ) as n;
            _continuation := _page.next_continuation;
            _passing := s3vl._passing(
                _query, parameters, _array, s3vl._keys_of_type(_page.vector_ids, _type)
            );
            _search := s3vl._with_page(
                _search, _move.decided_at, _page.vector_ids, _page.distances,
                _page.similarity_scores, _page.metadata, _passing, _continuation is null
            );
        else
            exit;
        end if;
    end loop;
    perform s3vl._end_search(_search, s3vl._runs_for_others());
    return query select h.* from s3vl._hits(_search) as h;
end;
$$;

comment on function s3vl.query_filtered(
    double precision[], text, text, text, integer, jsonb, jsonb, boolean, text, integer, integer,
    text
) is
    'Searches under any WHERE. Finds the vectors nearest to query_vector among the keys that the '
    'query candidates returns. That is one SELECT in a text, whose first column is '
    'the key (integer, bigint, smallint, uuid, text or varchar). It runs with the rights, the row '
    'security and the search_path of the caller; its $1 is parameters, for example '
    '($1 ->> ''price'')::numeric. Give index_name or index_arn. top_k is 1 to 1000; fewer rows '
    'come when fewer candidates have a vector, and with a WARNING when there may be more (an '
    'error, 55000, with s3vl.on_truncated = ''error''). S3 Vectors applies metadata_filter, and '
    'rows meet both. filter_strategy auto ranks up to exact_search_threshold candidates exactly, '
    'and reads neighbours otherwise, num_candidates (10000) at most; prefilter and postfilter do '
    'one of the two. exact_search_threshold, when left out, is 2000000 / dimension, at most 20000, '
    'and in proportion less where the function has less than 1769 MB. '
    'expected_model is the model of query_vector, and another than that of the index is refused. '
    's3vl.last_search() tells how it went. Raises 22023, 42501, 42704, 55000, S3V01 to S3V06, and '
    'what the query raises.';
