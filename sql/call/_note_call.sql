-- What s3vl.last_call() tells. Counts and times only, no text of the user.

create or replace function s3vl._note_call(
    operation text,
    started timestamptz,
    sent_at timestamptz,
    bytes_out integer,
    payload json,
    answer jsonb
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _noted jsonb := s3vl._noted('last_call');
    _problem text;
    _note json;
begin
    -- What failed has its request id in the error.
    if not (_note_call.answer -> 'success')::boolean then
        return;
    end if;
    -- A call that takes several invocations is known by its start, and summed up.
    if _noted -> 'started' is distinct from to_jsonb(_note_call.started) then
        _noted := jsonb_build_object(
            'pages', 0, 'lambda_ms', 0, 'api_calls', 0, 'bytes_out', 0, 'bytes_in', 0,
            'unanswered', 0,
            -- s3vl.sync() says that its calls started when they did not, to have them end in time.
            'began', case
                when _note_call.started between statement_timestamp() and _note_call.sent_at
                    then _note_call.started
                else _note_call.sent_at
            end
        );
    end if;
    _note := json_build_object(
        'started', _note_call.started,
        'began', _noted -> 'began',
        'operation', _note_call.operation,
        'request_id', _note_call.answer ->> 'request_id',
        'total_ms', extract(
            epoch from clock_timestamp() - (_noted ->> 'began')::timestamptz
        ) * 1000,
        'lambda_ms', (_noted ->> 'lambda_ms')::double precision
        + coalesce((_note_call.answer ->> 'execution_time_ms')::double precision, 0),
        'api_calls', (_noted ->> 'api_calls')::integer
        + coalesce((_note_call.answer #>> '{stats,api_calls}')::integer, 0),
        -- For s3vl.sync(): attempts of which nobody knows what became.
        'unanswered', coalesce((_noted ->> 'unanswered')::integer, 0)
        + coalesce((_note_call.answer #>> '{stats,unanswered}')::integer, 0),
        'pages', (_noted ->> 'pages')::integer + 1,
        'bytes_out', (_noted ->> 'bytes_out')::bigint + _note_call.bytes_out,
        'bytes_in', (_noted ->> 'bytes_in')::bigint + octet_length(_note_call.payload::text),
        'cold_start', coalesce((_noted ->> 'cold_start')::boolean, false)
        or coalesce((_note_call.answer #>> '{stats,cold_start}')::boolean, false)
    );
    perform s3vl._note('last_call', _note);
exception
    when data_exception then
        _problem := 'measures that cannot be read: ' || s3vl._shown(sqlerrm);
        perform s3vl._raise_malformed(_problem, _note_call.answer::text);
end;
$$;

comment on function s3vl._note_call(text, timestamptz, timestamptz, integer, json, jsonb) is
    'Notes what a call has cost.';
