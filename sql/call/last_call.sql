-- What the last call has cost.

create or replace function s3vl.last_call()
    returns table (
        operation text,
        request_id text,
        total_ms double precision,
        lambda_ms double precision,
        api_calls integer,
        pages integer,
        bytes_out integer,
        bytes_in integer,
        cold_start boolean
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- What a batch may exceed.
    _largest constant integer := 2147483647;
begin
    return query
    select
        n.operation,
        n.request_id,
        n.total_ms,
        n.lambda_ms,
        n.api_calls,
        n.pages,
        least(n.bytes_out, _largest)::integer,
        least(n.bytes_in, _largest)::integer,
        n.cold_start
    from jsonb_to_record(s3vl._noted('last_call')) as n (
        operation text,
        request_id text,
        total_ms double precision,
        lambda_ms double precision,
        api_calls integer,
        pages integer,
        bytes_out bigint,
        bytes_in bigint,
        cold_start boolean
    )
    where n.operation is not null;
exception
    -- Whoever has the session may write anything into the note: then there is no call to tell.
    when data_exception then
        return;
end;
$$;

comment on function s3vl.last_call() is
    'Shows what the last call cost. That is the last call of this session that succeeded, even if '
    'its transaction was rolled back; of one that failed half-way it is the part before. There is '
    'no row before there was one, and after DISCARD ALL or DEALLOCATE ALL. Behind a pooler ask in '
    'the same transaction, or it may be the call of another client. total_ms is the time of all, '
    'lambda_ms that inside of the Lambda function, api_calls the calls to S3 Vectors, pages the '
    'parts that the answer came in, bytes_out and bytes_in what was sent and received, at most '
    '2147483647. request_id finds the call in the log of the function. No Lambda call.';
