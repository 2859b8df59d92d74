-- What each binding has sent, day by day: for s3vl.sync_cost(). Kept by name, so that it outlives
-- the binding.
create table s3vl.sync_usage (
    day date not null,
    binding_name text collate "C" not null,
    puts bigint not null default 0,
    put_bytes bigint not null default 0,
    billed_put_bytes bigint not null default 0,
    deletes bigint not null default 0,
    lambda_calls bigint not null default 0,
    lambda_ms double precision not null default 0,
    api_calls bigint not null default 0,
    constraint sync_usage_pkey primary key (day, binding_name)
);

comment on table s3vl.sync_usage is
    'What s3vl.sync() has sent. Read it with s3vl.sync_cost().';
comment on column s3vl.sync_usage.day is
    'The day, in UTC.';
comment on column s3vl.sync_usage.binding_name is
    'Name that the binding had.';
comment on column s3vl.sync_usage.puts is
    'PutVectors requests.';
comment on column s3vl.sync_usage.put_bytes is
    'Bytes of vectors, ids and metadata in them.';
comment on column s3vl.sync_usage.billed_put_bytes is
    'The same with 128 KB at least for each request.';
comment on column s3vl.sync_usage.deletes is
    'DeleteVectors requests.';
comment on column s3vl.sync_usage.lambda_calls is
    'Calls of the Lambda function that were answered.';
comment on column s3vl.sync_usage.lambda_ms is
    'Time that it took for them.';
comment on column s3vl.sync_usage.api_calls is
    'Requests to S3 Vectors of all kinds.';
