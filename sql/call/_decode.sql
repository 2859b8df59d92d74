-- From results of the protocol to rows.

create or replace function s3vl._vectors_problem(result jsonb, required text[])
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(_vectors_problem.result -> 'vectors') is distinct from 'array'
            then 'without vectors'
        when exists (
            select from jsonb_array_elements(_vectors_problem.result -> 'vectors') as v (vector)
            where jsonb_typeof(v.vector) <> 'object' or not v.vector ?& _vectors_problem.required
        )
            then 'a vector without ' || array_to_string(_vectors_problem.required, ' or ')
        -- A member that is not there has no type, and is not compared.
        when jsonb_path_exists(
            _vectors_problem.result,
            '$ ? (@.distance_metric.type() != "string"
                || @.vectors[*].vector_id.type() != "string"
                || @.vectors[*].query_number.type() != "number"
                || @.vectors[*].distance.type() != "number"
                || @.vectors[*].fused_score.type() != "number"
                || @.vectors[*].bm25_scores.type() != "object"
                || @.vectors[*].bm25_scores.*.type() != "number"
                || @.vectors[*].metadata.type() != "object"
                || @.vectors[*].embedding.type() != "array"
                || @.vectors[*].embedding[*].type() != "number")'
        )
            then 'a vector with a member of another type'
    end
$$;

comment on function s3vl._vectors_problem(jsonb, text[]) is
    'Says what is wrong with a result: its vectors lack what is required, or are not as the '
    'protocol says.';

create or replace function s3vl._decode_vectors(result jsonb, required text[])
    returns table (
        query_number integer,
        vector_id text,
        distance double precision,
        similarity_score double precision,
        fused_score double precision,
        bm25_scores jsonb,
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
    _problem text := s3vl._vectors_problem(_decode_vectors.result, _decode_vectors.required);
begin
    if _problem is not null then
        perform s3vl._raise_malformed(_problem, _decode_vectors.result::text);
    end if;
    return query
    select
        v.query_number,
        v.vector_id,
        v.distance,
        case _metric
            -- In decimal, so that a distance of 0.1 leaves 0.9 and not 0.90000000000000002.
            when 'cosine' then (1 - v.distance::numeric)::double precision
            when 'euclidean' then 1 / (1 + v.distance)
        end,
        v.fused_score,
        v.bm25_scores,
        v.embedding,
        v.metadata
    from jsonb_to_recordset(_decode_vectors.result -> 'vectors') as v (
        query_number integer,
        vector_id text,
        distance double precision,
        fused_score double precision,
        bm25_scores jsonb,
        embedding double precision[],
        metadata jsonb
    );
exception
    when data_exception then
        _problem := 'vectors that cannot be read: ' || s3vl._shown(sqlerrm);
        perform s3vl._raise_malformed(_problem, _decode_vectors.result::text);
end;
$$;

comment on function s3vl._decode_vectors(jsonb, text[]) is
    'Returns the vectors of a result in their order; what was not asked for is null.';

create or replace function s3vl._check_count(rows bigint, expected bigint)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem constant text := format(
        '%s vectors where %s were asked for', _check_count.rows, _check_count.expected
    );
begin
    if _check_count.rows > _check_count.expected then
        perform s3vl._raise_malformed(_problem, null);
    end if;
end;
$$;

comment on function s3vl._check_count(bigint, bigint) is
    'Refuses an answer with more vectors than were asked for.';

create or replace function s3vl._check_query_number(query_number integer, queries integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem text;
begin
    if _check_query_number.query_number not between 1 and _check_query_number.queries then
        _problem := format(
            'a vector for query %s of %s',
            _check_query_number.query_number,
            _check_query_number.queries
        );
        perform s3vl._raise_malformed(_problem, null);
    end if;
end;
$$;

comment on function s3vl._check_query_number(integer, integer) is
    'Refuses a row that belongs to no query of the request.';

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
declare
    _problem text;
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
        _problem := 'an index that cannot be read: ' || s3vl._shown(sqlerrm);
        perform s3vl._raise_malformed(_problem, _decode_index.result::text);
end;
$$;

comment on function s3vl._decode_index(jsonb) is
    'Returns what GetIndex says about an index.';
