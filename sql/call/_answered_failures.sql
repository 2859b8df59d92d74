-- Failures that the Lambda function answers: the error codes of docs/lambda-protocol.md, and
-- answers that break the protocol. {index}, {bucket} and {region} are those of the ARN that was
-- asked for; {arn}, {function} and {version} are filled in by s3vl._fill_in.

create or replace function s3vl._answered_failure(error jsonb, members json)
    returns table (errcode text, message text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The first line that applies counts: the particular ones stand above the general one.
    select f.errcode, f.message, f.hint
    from (
        select
            _answered_failure.error ->> 'code' as code,
            _answered_failure.error ->> 'type' as origin,
            _answered_failure.error ->> 'limit' as time_limit,
            s3vl._refused_argument(_answered_failure.error, _answered_failure.members) as refused
    ) as c
    cross join lateral (
        values
        (c.refused = 'next_token', '22023', 'next_token was refused',
            'Start again without next_token: a token is valid for some minutes, and only with '
            'the same other arguments.'),
        (c.refused = 'metadata_filter', '22023', 'the metadata_filter was refused',
            'The operators are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $startsWith, '
            '$and and $or: see docs/guide.md#filter'),
        (c.code = 'invalid_request', '22023', 'the request was refused',
            'Correct the argument that the message or the detail names.'),
        (c.code ~ '^unsupported_', '55000', 'the Lambda function does not match this schema',
            'Upload the code of s3vl {version} to function {function}.'),
        (c.code = 'placeholder_code', '55000', 'the Lambda function still has its placeholder code',
            'Upload the real code: in lambda/ type ./package.sh, then aws lambda update-function-'
            'code --function-name {function} --zip-file fileb://build/s3vl-lambda.zip'),
        (c.code = 'throttled', 'S3V01', 'S3 Vectors throttled the request',
            'Try again later, with fewer sessions at once.'),
        (c.code = 'access_denied', 'S3V02', 'S3 Vectors denied access',
            'Allow the operation on this index in the IAM role of function {function}.'),
        (c.code = 'service_failure', 'S3V03', 'S3 Vectors failed',
            'Try again; if it persists, check that region {region} of the index has S3 Vectors, '
            'and see the AWS Health Dashboard.'),
        (c.code = 'response_too_large', 'S3V04', 'the answer is over Lambda''s limit of 6 MB',
            'Request less: leave out metadata or vector data.'),
        -- Both have one code, and the type tells which it is.
        (c.code = 'malformed_data' and c.origin = 'BrokenContractError', 'S3V04',
            'the answer does not come from S3 Vectors',
            'Check AWS_ENDPOINT_URL of function {function}, and proxies; if they lead to S3 '
            'Vectors, upload the code of the latest s3vl.'),
        (c.code = 'malformed_data', 'S3V04', 'the index holds text that PostgreSQL cannot store',
            'Overwrite the vector that the message names, or leave out metadata.'),
        -- More timeout_seconds would not help: the function ends before them.
        (c.code = 'timeout' and c.time_limit = 'function', 'S3V05', 'the time ran out',
            'Do less at a time, or raise LambdaTimeout in the parameters of the stack.'),
        (c.code = 'timeout', 'S3V05', 'the time ran out',
            'Do less at a time, or type: select s3vl.configure(''{arn}'', timeout_seconds => 60);'),
        (c.code = 'internal_error', 'S3V05', 'the Lambda function failed',
            'Read its log: aws logs filter-log-events --log-group-name /aws/lambda/{function}'),
        (c.code = 'not_found', 'S3V06', 'S3 Vectors does not have index {index}',
            'See which it has: aws s3vectors list-indexes --vector-bucket-name {bucket} '
            '--region {region}')
    ) as f (applies, errcode, message, hint)
    where f.applies
    limit 1
$$;

comment on function s3vl._answered_failure(jsonb, json) is
    'Says what an error of the protocol means, after a request with these members; no row when its '
    'code is unknown.';

create or replace function s3vl._require_success(answer jsonb, members json)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer jsonb := _require_success.answer;
    _config s3vl.config;
    _failure record;
begin
    if _answer -> 'success' <> 'false' then
        return _answer;
    end if;
    _config := s3vl._configuration();
    select f.* into _failure
    from s3vl._particular_failure(_answer -> 'error', _require_success.members) as f;
    if not found then
        select f.* into _failure
        from s3vl._answered_failure(_answer -> 'error', _require_success.members) as f;
    end if;
    if not found then
        perform s3vl._raise_malformed('a failure without a known error code', _answer::text);
    end if;
    raise exception using
        errcode = _failure.errcode,
        message = concat_ws(
            ': ',
            s3vl._fill_in_index(_failure.message, _require_success.members ->> 'index_arn'),
            -- A placeholder can only say that it is one.
            case when _answer #>> '{error,code}' <> 'placeholder_code'
                then left(rtrim(_answer #>> '{error,message}', '.'), 2000)
            end
        ),
        detail = s3vl._failure_detail(_answer),
        hint = s3vl._fill_in(
            s3vl._fill_in_index(_failure.hint, _require_success.members ->> 'index_arn'),
            _config.lambda_arn
        );
end;
$$;

comment on function s3vl._require_success(jsonb, json) is
    'Returns an answer that is a success, and raises what any other means.';

create or replace function s3vl._fill_in_index(template text, index_arn text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select replace(
        replace(
            replace(_fill_in_index.template, '{index}', a.arn),
            '{bucket}',
            split_part(a.arn, '/', 2)
        ),
        '{region}',
        split_part(a.arn, ':', 4)
    )
    from (select coalesce(_fill_in_index.index_arn, '')) as a (arn)
$$;

comment on function s3vl._fill_in_index(text, text) is
    'Puts in what a text leaves open: {index}, {bucket} and {region}.';

create or replace function s3vl._failure_detail(answer jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(
        '; ',
        -- A failure that was not one of S3 Vectors has a name that is known in our source only.
        case when e.error ? 'attempts' then e.error ->> 'type' end,
        (
            select string_agg(concat_ws(': ', f.field ->> 'path', f.field ->> 'message'), '; ')
            from jsonb_array_elements(
                jsonb_path_query_array(e.error, '$.fields[*]')
            ) as f (field)
            -- The message may be made of them.
            where concat_ws(' ', f.field ->> 'path', f.field ->> 'message')
                <> e.error ->> 'message'
                and f.field ->> 'message' <> e.error ->> 'message'
        ),
        'attempts: ' || (e.error ->> 'attempts'),
        -- Attempts of which nobody knows what became.
        'unanswered: ' || nullif(_failure_detail.answer #>> '{stats,unanswered}', '0'),
        'Lambda request ' || coalesce(_failure_detail.answer ->> 'request_id', 'unknown')
    )
    from (select _failure_detail.answer -> 'error') as e (error)
$$;

comment on function s3vl._failure_detail(jsonb) is
    'Says what the service called the failure, where it is, after how many attempts, in which '
    'request.';

create or replace function s3vl._raise_malformed(what text, answer text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'S3V04',
        message = format('the Lambda function answered %s', _raise_malformed.what),
        detail = case
            when _raise_malformed.answer = '' then 'The answer was empty.'
            when _raise_malformed.answer is null then 'The rest of the answer can be read.'
            else 'It began: ' || s3vl._shown(_raise_malformed.answer)
        end,
        hint = s3vl._fill_in(
            'Check that s3vl.get_config() names the function of s3vl, with the code of '
            'version {version}.',
            ''
        );
end;
$$;

comment on function s3vl._raise_malformed(text, text) is
    'Raises S3V04 for an answer that breaks the protocol, with its beginning as detail; null when '
    'that would not show what is wrong.';
