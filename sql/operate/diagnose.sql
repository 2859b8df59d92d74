-- What works and what does not, from the extension to each index.

create or replace function s3vl.diagnose()
    returns table (check_name text, status text, detail text, hint text)
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _config s3vl.config;
    _lambda_answers boolean := true;
begin
    return query select c.* from s3vl._check_platform() as c;
    select c.* into _config from s3vl.config as c;
    if not found then
        return query
        values
        (
            'configuration',
            'fail',
            's3vl is not configured',
            'Type: select s3vl.configure(''<Lambda ARN>'');'
        );
        return;
    end if;
    return query select c.* from s3vl._check_configuration(_config) as c;
    return query select c.* from s3vl._check_timeout(_config) as c;
    for check_name, status, detail, hint in
        select c.* from s3vl._check_lambda(_config, _started) as c
    loop
        _lambda_answers := _lambda_answers and diagnose.status <> 'fail';
        return next;
    end loop;
    return query
    select c.*
    from (select r.* from s3vl.index_registry as r order by r.index_name) as r
    cross join lateral s3vl._check_index(
        r, _lambda_answers, _started, _config.timeout_seconds
    ) as c;
    return query select c.* from s3vl._check_restrictions() as c;
    return query
    select c.*
    from (select b.* from s3vl.binding as b order by b.binding_name) as b
    cross join lateral s3vl._check_binding(b) as c;
    return query select c.* from s3vl._check_old_transactions() as c;
    return query select c.* from s3vl._check_overloads() as c;
end;
$$;

comment on function s3vl.diagnose() is
    'Checks everything that s3vl needs. There is one row for each: the encoding of the database '
    'when it is not UTF8, the extension aws_lambda and the right to use it, the configuration with '
    'its last validation, the time limit in force, whether the Lambda function answers with its '
    'real code, fits this schema and may run as long as s3vl waits, each registered index, '
    'with what the registry remembers of it, each restriction whose role is gone, and each bound '
    'table, with its triggers, columns and rights, when s3vl.sync() was last called, a transaction '
    'that keeps the outbox from shrinking, and functions for pgvector that are older than s3vl. '
    'status is ok, warn or fail, and hint says what to do. '
    'Nothing remote makes it fail, and nothing is saved. Calls the Lambda function once, and once '
    'for each active index when it answers; all of it takes timeout_seconds at most.';
