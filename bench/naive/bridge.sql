-- The post's SQL at its simplest, for the benchmark: one invocation for each vector, row by row.
create schema naive;

create function naive.query_vectors(
    lambda_arn text,
    index_arn text,
    query_vector double precision[],
    top_k integer,
    return_metadata boolean
)
    returns table (vector_id text, distance double precision, metadata jsonb)
    language plpgsql
as $$
declare
    _payload json;
    _vector json;
begin
    select r.payload
    into _payload
    from aws_lambda.invoke(
        aws_commons.create_lambda_function_arn(query_vectors.lambda_arn),
        json_build_object(
            'index_arn', query_vectors.index_arn,
            'query_vector', query_vectors.query_vector,
            'top_k', query_vectors.top_k,
            'return_metadata', query_vectors.return_metadata
        )
    ) as r;
    for _vector in select v.value from json_array_elements(_payload -> 'vectors') as v loop
        query_vectors.vector_id := _vector ->> 'key';
        query_vectors.distance := (_vector ->> 'distance')::double precision;
        query_vectors.metadata := (_vector -> 'metadata')::jsonb;
        return next;
    end loop;
end;
$$;
