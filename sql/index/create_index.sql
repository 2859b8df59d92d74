-- Making an index in S3 Vectors, with its name here.

create or replace function s3vl.create_index(
    index_name text,
    dimension integer,
    distance_metric text default 'cosine',
    non_filterable_keys text[] default null,
    text_keys jsonb default null,
    vector_bucket text default null,
    description text default null,
    model text default null
)
    returns text
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started constant timestamptz := clock_timestamp();
    _name constant text collate "C" := create_index.index_name;
    _request json;
    _arn text collate "C";
begin
    perform s3vl._check_service_name(
        'index_name',
        _name,
        'That is the rule of S3 Vectors. Beside this one, an index can have any name in SQL: see '
        's3vl.register_index().'
    );
    perform s3vl._check_range('dimension', create_index.dimension, 1, 4096);
    perform s3vl._check_distance_metric(create_index.distance_metric);
    perform s3vl._check_non_filterable_keys(create_index.non_filterable_keys);
    perform s3vl._check_text_keys(create_index.text_keys);
    if create_index.vector_bucket is not null then
        perform s3vl._check_service_name(
            'vector_bucket',
            create_index.vector_bucket,
            'Pass the name of a bucket, or leave vector_bucket out for that of the stack.'
        );
    end if;
    perform s3vl._check_description(create_index.description);
    perform s3vl._check_model(create_index.model);
    perform s3vl._check_writable('the index');
    -- Not before the checks: keys may be many.
    _request := json_build_object(
        'index_name', _name,
        'dimension', create_index.dimension,
        'distance_metric', create_index.distance_metric,
        'non_filterable_keys', nullif(create_index.non_filterable_keys, '{}'),
        'text_keys', nullif(create_index.text_keys, '{}'),
        'vector_bucket', create_index.vector_bucket
    );
    -- Before the index is there, so that no other session can keep it from being registered.
    perform s3vl._lock_for_change('s3vl.index_registry');
    perform s3vl._check_not_registered(_name);
    select s3vl._created_arn(_name, p.result)
    into _arn
    from s3vl._ask('create_index', _request, _started) as p (result);
    perform s3vl._register(_name, _arn, create_index.description, _started);
    perform s3vl._remember_model(_arn, create_index.model);
    return _arn;
end;
$$;

comment on function s3vl.create_index(
    text, integer, text, text[], jsonb, text, text, text
) is
    'Creates an index. It is registered by the same name; returns its ARN. The parameter '
    'ManageIndexes of the stack has to be true. index_name is 3 to 63 lowercase letters, digits, '
    'dots and hyphens, dimension 1 to 4096, distance_metric cosine or euclidean. '
    'non_filterable_keys are up to 10 metadata keys that filters cannot use; text_keys is an '
    'object of up to 10 metadata keys with text search, each with its language (en, fr, es, pt, '
    'it, de, nl, zh, ja, ko) or null; model is the name of the model, for '
    'expected_model of searches. None of this but text_keys can be changed later. Without '
    'vector_bucket the index is created in the bucket of the stack; the function''s role allows no '
    'other. S3 Vectors is not transactional: after a ROLLBACK the index is still there, and the '
    'error of the next attempt says how to register it. Raises 22023 for an invalid argument, '
    '42710 for a name that is taken, 55000 when the stack does not allow it, 55P03 while another '
    'session changes the registry, and S3V01 to S3V06.';
