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
        perform s3vl._raise(
            '55000',
            's3vl is not configured',
            null,
            'Type: select s3vl.configure(''<Lambda ARN>'');'
        );
    end if;
    return _config;
end;
$$;

comment on function s3vl._configuration() is
    'Returns the configuration, or raises 55000 when there is none.';

create or replace function s3vl._invoke(operation text, request jsonb)
    returns setof jsonb
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config := s3vl._configuration();
    _timeout_before text := s3vl._request_timeout();
    -- One limit for the whole call, however many parts its answer comes in.
    _deadline timestamptz := clock_timestamp() + make_interval(secs => _config.timeout_seconds);
    _request jsonb := jsonb_build_object('operation', _invoke.operation, 'protocol', 1)
        || s3vl._without_nulls(_invoke.request);
    _limit_ms integer;
    _sent_at timestamptz;
    _payload json;
    _answer jsonb;
    _detail text;
begin
    loop
        _limit_ms := s3vl._limit_request(_deadline);
        _sent_at := clock_timestamp();
        -- The function is to be done a second before we stop listening, as up to 6 MB have to
        -- travel back; of a short limit a fifth, so that there is time to work in.
        _request := _request
            || jsonb_build_object('budget_ms', _limit_ms - least(1000, _limit_ms / 5));
        begin
            select r.payload
            into _payload
            from aws_lambda.invoke(
                function_name => _config.lambda_arn,
                payload => _request::json
            ) as r;
        exception
            when others then
                get stacked diagnostics _detail = pg_exception_detail;
                perform s3vl._raise_call_failure(
                    sqlstate,
                    sqlerrm,
                    _detail,
                    clock_timestamp() >= _sent_at + make_interval(secs => _limit_ms / 1000.0),
                    _config.lambda_arn
                );
                raise;
        end;
        _answer := s3vl._read_answer(_payload, _config.lambda_arn, _request ->> 'index_arn');
        return next _answer -> 'result';
        exit when _answer ->> 'continuation' is null;
        _request := _request || jsonb_build_object('continuation', _answer -> 'continuation');
    end loop;
    -- After an error PostgreSQL itself puts it back.
    perform s3vl._set_request_timeout(_timeout_before);
end;
$$;

comment on function s3vl._invoke(text, jsonb) is
    'Asks the Lambda function and returns one result for each part of its answer.';

create or replace function s3vl._without_nulls(request jsonb)
    returns jsonb
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Not jsonb_strip_nulls: it would also change filters and metadata inside of the request.
    select coalesce(jsonb_object_agg(m.key, m.value), '{}')
    from jsonb_each(_without_nulls.request) as m
    where m.value <> 'null'
$$;

comment on function s3vl._without_nulls(jsonb) is
    'Leaves out the members of a request that are null.';

create or replace function s3vl._read_answer(payload json, lambda_arn text, index_arn text)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer jsonb;
begin
    begin
        _answer := _read_answer.payload::jsonb;
    exception
        -- json takes what jsonb cannot hold, such as U+0000 and numbers without end.
        when data_exception or program_limit_exceeded then
            perform s3vl._raise_malformed(
                'what jsonb cannot hold: ' || sqlerrm, _read_answer.payload::text
            );
    end;
    if _answer -> 'success' = 'false' then
        perform s3vl._raise_answered_failure(
            _answer, _read_answer.lambda_arn, _read_answer.index_arn
        );
    elsif _answer -> 'success' is distinct from 'true' then
        perform s3vl._raise_malformed('without saying success', _answer::text);
    elsif jsonb_typeof(_answer -> 'result') is distinct from 'object' then
        perform s3vl._raise_malformed('without a result', _answer::text);
    end if;
    return _answer;
end;
$$;

comment on function s3vl._read_answer(json, text, text) is
    'Returns an answer that is a success, and raises what any other means.';
