-- aws_lambda.request_timeout_ms: how long aws_lambda waits for an answer. Its default of three
-- seconds is less than a cold start can take, so every call sets it, and puts it back.

create or replace function s3vl._set_request_timeout(value text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('aws_lambda.request_timeout_ms', _set_request_timeout.value, true);
exception
    -- AWS does not say who may change it. Where we may not, the value in force bounds the call.
    when insufficient_privilege or cant_change_runtime_param then
        null;
end;
$$;

comment on function s3vl._set_request_timeout(text) is
    'Sets aws_lambda.request_timeout_ms for this transaction, where that is allowed.';

create or replace function s3vl._request_timeout()
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Unset before aws_lambda is loaded, and empty after a transaction that set it: then it is the
    -- documented default.
    select coalesce(nullif(current_setting('aws_lambda.request_timeout_ms', true), ''), '3000')
$$;

comment on function s3vl._request_timeout() is
    'Returns aws_lambda.request_timeout_ms as it is in force.';

create or replace function s3vl._limit_request(deadline timestamptz)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _left_ms integer := ceil(
        extract(epoch from _limit_request.deadline - clock_timestamp()) * 1000
    )::integer;
    _in_force text;
begin
    if _left_ms <= 0 then
        raise exception using
            errcode = 'S3V05',
            message = 'the time ran out before the call was complete',
            hint = 'Do less at a time, or give more time with timeout_seconds of s3vl.configure().';
    end if;
    perform s3vl._set_request_timeout(_left_ms::text);
    _in_force := s3vl._request_timeout();
    -- A setting that knows its unit is shown with it, as 3s.
    if _in_force ~ '^[0-9]+$' then
        _in_force := _in_force || ' ms';
    end if;
    return least(_left_ms, (extract(epoch from _in_force::interval) * 1000)::integer);
end;
$$;

comment on function s3vl._limit_request(timestamptz) is
    'Gives the next request the time left until the deadline, and returns the milliseconds it '
    'really has.';
