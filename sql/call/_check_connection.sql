-- Whether the configured Lambda function is there. Nothing is saved: whoever looks would hold a
-- lock until the end of their transaction, and their settings may be why a call fails.

create or replace function s3vl._check_connection()
    returns table (failure text, hint text, response_time_ms integer)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _failure text;
    _detail text;
    _hint text;
begin
    begin
        perform from s3vl._ask('availability_check', '{}');
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics
                _failure = message_text, _detail = pg_exception_detail, _hint = pg_exception_hint;
            _failure := s3vl._with_detail(_failure, _detail);
    end;
    return query
    select
        _failure,
        _hint,
        round(extract(epoch from clock_timestamp() - _started) * 1000)::integer;
end;
$$;

comment on function s3vl._check_connection() is
    'Asks the Lambda function whether it is there; failure is null when it is.';
