-- In the place of the network behind aws_lambda.invoke: it answers each operation as the function does, after the time
-- of a short call.
create or replace function aws_lambda.invoke(
    in function_name text,
    in payload json,
    in region text default null,
    in invocation_type text default 'RequestResponse',
    in log_type text default 'None',
    in context json default null,
    in qualifier varchar(128) default null,
    out status_code integer,
    out payload json,
    out executed_version text,
    out log_result text
)
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        200,
        json_build_object(
            'success', true,
            'result', case $2 ->> 'operation'
                when 'query_vectors' then '{"vectors": [{"vector_id": "a", "distance": 0.5}]}'
                when 'query_vectors_batch' then '{"vectors": [{"query_number": 1, "vector_id": "a", "distance": 0.5}]}'
                when 'query_hybrid' then '{"vectors": [{"vector_id": "a"}]}'
                when 'get_vectors' then '{"vectors": [{"vector_id": "a", "embedding": [1, 2]}]}'
                when 'list_vectors' then '{"vectors": [{"vector_id": "a"}]}'
                when 'describe_index' then
                    '{"index": {"dimension": 2, "distance_metric": "cosine", "index_mode": "ENHANCED",
                    "text_keys": [{"metadata_key": "title", "language": "en", "status": "ACTIVE"}]}}'
                when 'create_index' then '{"created": true, "index_arn":
                    "arn:aws:s3vectors:us-west-2:123456789012:bucket/s3vl-vectors/index/new"}'
                when 'delete_index' then '{"existed": true}'
                when 'put_vectors' then '{"written": [[1, 2]]}'
                when 'delete_vectors' then '{"deleted": [[1, 2]]}'
                else '{"version": "1.0.0", "protocol": 1}'
            end::json
        ),
        '$LATEST',
        null
    from pg_sleep(0.02)
$$;
