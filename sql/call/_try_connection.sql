-- Whether the configured Lambda function is there. Nothing is saved: whoever looks would hold a
-- lock until the end of their transaction, and their settings may be why a call fails.

create or replace function s3vl._memory_mb(availability jsonb)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Functions before 1.1.0 do not say it. No more digits than Lambda has memory.
    select case when _memory_mb.availability ->> 'memory_mb' ~ '^[1-9][0-9]{0,7}$'
        then (_memory_mb.availability ->> 'memory_mb')::integer
    end
$$;

comment on function s3vl._memory_mb(jsonb) is
    'Returns the memory that the Lambda function says it has, or null.';

create or replace function s3vl._try_connection()
    returns table (failure text, hint text, response_time_ms integer, memory_mb integer)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _availability jsonb;
    _failure text;
    _detail text;
    _hint text;
begin
    begin
        select p.result
        into _availability
        from s3vl._ask('availability_check', '{}') as p (result);
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
        round(extract(epoch from clock_timestamp() - _started) * 1000)::integer,
        s3vl._memory_mb(_availability);
end;
$$;

comment on function s3vl._try_connection() is
    'Asks the Lambda function whether it is there; failure is null when it is.';
