-- An index of one table, in place of the stub's played answers: for tests of what a search under a predicate does
-- with whatever number of rows. It answers the protocol's query_vectors, with stop_after and continuation, and
-- rank_vectors. As S3 Vectors does it may miss some: those whose chance is divisible by s3vl_test.misses.
create table aws_lambda.vectors (vector_id text primary key, embedding double precision[] not null, chance integer);

create function aws_lambda._distance(a double precision[], b double precision[]) returns double precision
    immutable language sql set search_path = pg_catalog, pg_temp
as $$ select sum((x - y) ^ 2) from unnest(a, b) as n (x, y) $$;

create function aws_lambda._answer(request jsonb) returns json
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _vector double precision[] := translate(request ->> 'query_vector', '[]', '{}')::double precision[];
    _skip integer := coalesce(request #>> '{continuation,skip}', '0')::integer;
    -- Whole pages, or as much as fits into an answer.
    _more integer := least(
        100 * ceil((request -> 'stop_after')::integer / 100.0),
        nullif(current_setting('s3vl_test.at_most', true), '')::integer
    );
    _misses integer := coalesce(nullif(current_setting('s3vl_test.misses', true), ''), '0')::integer;
    _found integer;
    _vectors jsonb;
    _missing integer;
begin
    if request ->> 'operation' = 'rank_vectors' then
        select coalesce(jsonb_agg(jsonb_build_object('vector_id', v.vector_id, 'distance', v.distance) order by v.distance, v.vector_id), '[]')
        into _vectors
        from (
            select v.vector_id, aws_lambda._distance(v.embedding, _vector) as distance
            from aws_lambda.vectors as v
            where request -> 'vector_ids' ? v.vector_id
            order by 2, 1
            limit (request -> 'top_k')::integer
        ) as v;
        _missing := jsonb_array_length(request -> 'vector_ids') - (
            select count(*) from aws_lambda.vectors as v where request -> 'vector_ids' ? v.vector_id
        );
        return json_build_object('success', true, 'result', json_build_object(
            'distance_metric', 'euclidean', 'vectors', _vectors, 'missing', _missing
        ), 'stats', json_build_object('api_calls', ceil(jsonb_array_length(request -> 'vector_ids') / 100.0)));
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('vector_id', v.vector_id, 'distance', v.distance) order by v.place), '[]')
    into _vectors
    from (
        select v.vector_id, v.distance, row_number() over (order by v.distance, v.vector_id) as place
        from (
            select v.vector_id, aws_lambda._distance(v.embedding, _vector) as distance
            from aws_lambda.vectors as v
            where _misses = 0 or v.chance % _misses <> 0
        ) as v
        order by v.distance, v.vector_id
        limit (request -> 'top_k')::integer
    ) as v
    where v.place > _skip and v.place <= _skip + _more;
    _found := jsonb_array_length(_vectors);
    return json_build_object('success', true, 'result', json_build_object(
        'distance_metric', 'euclidean', 'vectors', _vectors
    ), 'continuation', case when _found = _more and _skip + _more < (request -> 'top_k')::integer
        then json_build_object('skip', _skip + _more) end,
    'stats', json_build_object('api_calls', greatest(1, ceil(_found / 100.0))));
end;
$$;

create or replace function aws_lambda._play(arguments jsonb, out answer text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise notice using message = 'aws_lambda.invoke', detail = _play.arguments::text;
    perform pg_sleep(coalesce(nullif(current_setting('s3vl_test.seconds', true), ''), '0')::double precision);
    _play.answer := aws_lambda._answer(_play.arguments -> 'payload');
end;
$$;
