-- Failures that the Lambda function answers and that need other words than _answered_failures.sql
-- has for any request: where the stack or a restriction forbids it, or an index shall be created or
-- deleted. These are looked at first.

create or replace function s3vl._particular_failure(error jsonb, members json)
    returns table (errcode text, message text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select f.errcode, f.message, f.hint
    from (
        select
            _particular_failure.error ->> 'code' as code,
            _particular_failure.error ->> 'message' as said,
            -- It has no ARN yet.
            _particular_failure.members ->> 'index_name' is not null as is_new
    ) as c
    cross join lateral (
        values
        (c.code = 'no_vector_bucket', '55000',
            'the Lambda function may not create indexes',
            'Set ManageIndexes to true in the parameters of the stack (make deploy), or name a '
            'bucket that its role allows: vector_bucket => ''<bucket>''.'),
        (c.code = 'not_empty', '55006', 'index {index} is not empty',
            'Nobody can bring its vectors back. To delete them too, pass force => true; to keep '
            'the index and forget its name: select s3vl.unregister_index(''<name>'');'),
        (c.code = 'restricted', '42501', 'index {index} has a vector of this id that this role may '
            'not use',
            'Choose another id. Ids are shared by all who use an index: let each tenant''s begin '
            'with its name.'),
        -- No role allows what is denied explicitly, as the stack does without AllowWrites.
        (c.code = 'access_denied' and c.said ~ E'^User: \\S+ is not authorized to perform: '
            's3vectors:(Put|Delete)Vectors .* explicit deny', 'S3V02', 'S3 Vectors denied access',
            'The stack denies writing: set AllowWrites to true in its parameters (make deploy).'),
        (c.code = 'access_denied' and c.said ~ E'^User: \\S+ is not authorized to perform: '
            's3vectors:(Create|Delete)Index ', 'S3V02', 'S3 Vectors denied access',
            'Set ManageIndexes to true in the parameters of the stack (make deploy); it allows '
            'this in the bucket of the stack only.'),
        (c.code = 'not_found' and c.is_new, 'S3V06', 'S3 Vectors does not have the vector bucket',
            'See which there are: aws s3vectors list-vector-buckets'),
        (c.code = 'service_failure' and c.is_new, 'S3V03', 'S3 Vectors failed',
            'Try again; if the index was created all the same, the next error says how to register '
            'it.'),
        (c.code = 'timeout' and c.is_new, 'S3V05', 'the time ran out',
            'Try again; if the index was created all the same, the next error says how to register '
            'it.')
    ) as f (applies, errcode, message, hint)
    where f.applies
    limit 1
$$;

comment on function s3vl._particular_failure(jsonb, json) is
    'Says what an error of the protocol means, where it is one that needs words of its own; no row '
    'for any other.';
