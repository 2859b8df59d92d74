-- The one door to Lambda: no other SQL calls aws_lambda.invoke. Request and answer are those of
-- docs/lambda-protocol.md.

create or replace function s3vl._configuration()
    returns s3vl.config
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config;
begin
    select c.*
    into _config
    from s3vl.config as c;
    if not found then
        raise exception using
            errcode = '55000',
            message = 's3vl is not configured',
            hint = 'Type: select s3vl.configure(''<Lambda ARN>'');';
    end if;
    return _config;
end;
$$;

comment on function s3vl._configuration() is
    'Returns the configuration, or raises 55000 when there is none.';

create or replace function s3vl._members(members json)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Not json_strip_nulls: it would also change filters inside of the request.
    select concat(
        string_agg(concat(',', to_json(m.key), ':', m.value), '' order by m.position), '}'
    )
    from json_each(_members.members) with ordinality as m (key, value, position)
    where json_typeof(m.value) <> 'null'
$$;

comment on function s3vl._members(json) is
    'Returns the members of an object as they end a request; those that are null are left out.';

create or replace function s3vl._request_head(
    operation text,
    budget_ms integer,
    continuation jsonb
)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select concat(
        '{"operation":', to_json(_request_head.operation),
        ',"protocol":2,"budget_ms":', _request_head.budget_ms,
        ',"continuation":' || _request_head.continuation::text
    )
$$;

comment on function s3vl._request_head(text, integer, jsonb) is
    'Begins a request of the protocol; members, as s3vl._members() returns them, end it.';

create or replace function s3vl._invoke(
    operation text,
    members text,
    started timestamptz,
    continuation jsonb
)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config := s3vl._configuration();
    _arn text := _config.lambda_arn;
    _deadline timestamptz := _invoke.started + make_interval(secs => _config.timeout_seconds);
    _timeout_before text := s3vl._request_timeout();
    _attempts integer := 0;
    _sent_at timestamptz;
    _limit_ms integer;
    _head text;
    _size integer;
    _payload json;
    _answer jsonb;
    _detail text;
    _late boolean;
begin
    if not s3vl._has_aws_lambda() then
        perform s3vl._require_platform('extension aws_lambda');
    end if;
    loop
        _attempts := _attempts + 1;
        _sent_at := clock_timestamp();
        _limit_ms := s3vl._limit_request(_deadline);
        -- The function is to be done a second before we stop listening, as up to 6 MB have to
        -- travel back; of a short limit a fifth, so that there is time to work in.
        _head := s3vl._request_head(
            _invoke.operation,
            _limit_ms - least(1000, _limit_ms / 5),
            _invoke.continuation
        );
        begin
            -- Put together as text, because JSON functions would look at each of millions of
            -- characters again; and not in a variable, which would be one copy more.
            select r.payload
            into _payload
            from aws_lambda.invoke(
                function_name => _arn,
                -- json, as jsonb would turn every number of a list into numeric and back.
                payload => (_head || _invoke.members)::json
            ) as r;
            exit;
        exception
            when others then
                get stacked diagnostics _detail = pg_exception_detail;
                if s3vl._is_throttled(sqlstate, sqlerrm, _detail) then
                    continue when s3vl._wait_to_retry(_attempts, _deadline);
                    _detail := format('%s (attempts: %s)', _detail, _attempts);
                end if;
                _late := clock_timestamp() >= _sent_at + make_interval(secs => _limit_ms / 1000.0);
                perform s3vl._raise_call_failure(sqlstate, sqlerrm, _detail, _late, _arn);
                raise;
        end;
    end loop;
    -- After an error PostgreSQL itself puts it back.
    perform s3vl._set_request_timeout(_timeout_before);
    _answer := s3vl._read_answer(_payload);
    _size := octet_length(_head) + octet_length(_invoke.members);
    perform s3vl._note_call(_invoke.operation, _invoke.started, _sent_at, _size, _payload, _answer);
    return _answer;
end;
$$;

comment on function s3vl._invoke(text, text, timestamptz, jsonb) is
    'Calls the Lambda function, again when Lambda throttled it, within what timeout_seconds leaves '
    'since the start, and returns its answer, be it a success or a failure.';

create or replace function s3vl._read_answer(payload json)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer jsonb;
    _problem text;
begin
    if _read_answer.payload is null then
        perform s3vl._raise_malformed('without saying success', '');
    end if;
    begin
        _answer := _read_answer.payload::jsonb;
    exception
        -- json takes what jsonb cannot hold, such as U+0000 and numbers without end.
        when data_exception or program_limit_exceeded then
            _problem := 'what jsonb cannot hold: ' || s3vl._shown(sqlerrm);
            perform s3vl._raise_malformed(_problem, _read_answer.payload::text);
    end;
    if jsonb_typeof(_answer -> 'success') is distinct from 'boolean' then
        perform s3vl._raise_malformed('without saying success', _answer::text);
    elsif _answer -> 'success' = 'true'
        and jsonb_typeof(_answer -> 'result') is distinct from 'object'
    then
        perform s3vl._raise_malformed('without a result', _answer::text);
    end if;
    return _answer;
end;
$$;

comment on function s3vl._read_answer(json) is
    'Returns an answer that says whether it is a success, and that has a result if it is.';
