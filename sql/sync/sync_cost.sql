-- What keeping tables in step costs, from what was counted. Prices are those of
-- tools/estimate_cost.py, as a test holds: of us-east-1, with 0.25 GB for the function.

create or replace function s3vl.sync_cost(days integer default 30)
    returns table (
        binding_name text,
        puts bigint,
        put_bytes bigint,
        billed_put_bytes bigint,
        deletes bigint,
        lambda_calls bigint,
        lambda_ms double precision,
        usd numeric
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform s3vl._check_range('days', sync_cost.days, 1, 3650);
    return query
    select
        u.binding_name,
        sum(u.puts)::bigint,
        sum(u.put_bytes)::bigint,
        sum(u.billed_put_bytes)::bigint,
        sum(u.deletes)::bigint,
        sum(u.lambda_calls)::bigint,
        sum(u.lambda_ms),
        round(
            sum(u.billed_put_bytes) * 0.20 / 1073741824
            -- Deletes, gets and lists.
            + sum(greatest(0, u.api_calls - u.puts)) * 0.055 / 1000
            + sum(u.lambda_calls) * 0.20 / 1000000
            + sum(u.lambda_ms)::numeric / 1000 * 0.25 * 0.0000133334,
            6
        )
    from s3vl.sync_usage as u
    where u.day > (clock_timestamp() at time zone 'UTC')::date - sync_cost.days
    group by u.binding_name
    order by u.binding_name;
end;
$$;

comment on function s3vl.sync_cost(integer) is
    'Shows what s3vl.sync() has cost. It has a row for each binding, also for one that has ended, '
    'for so many days with today (1 to 3650, in UTC). puts and deletes count requests to S3 '
    'Vectors. S3 Vectors bills 128 KB at least for each PutVectors request: where billed_put_bytes '
    'is much more than put_bytes, call s3vl.sync() less often. usd is an estimate for us-east-1: '
    'billed bytes, other requests, and calls and time of a Lambda function of 256 MB; storage and '
    'searches are not in it, nor vectors of a turn that failed half-way. Raises 22023. No Lambda '
    'call.';
