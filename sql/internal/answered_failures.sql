-- Failures that the Lambda function answers: the error codes of docs/lambda-protocol.md, and
-- answers that break the protocol. {index} is the index that was asked for; {arn}, {function} and
-- {version} are filled in by s3vl._fill_in.

create or replace function s3vl._answered_failure(code text)
    returns table (errcode text, message text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select f.errcode, f.message, f.hint
    from (
        values
        ('invalid_request', '22023', 'the request was refused',
            'Correct the argument that the message or the detail names.'),
        ('unsupported_operation', '55000', 'the Lambda function does not fit this schema',
            'Upload the code of s3vl {version} to function {function}.'),
        ('unsupported_protocol', '55000', 'the Lambda function does not fit this schema',
            'Upload the code of s3vl {version} to function {function}.'),
        ('placeholder_code', '55000', 'the Lambda function still has its placeholder code',
            'Upload the real code: in lambda/ type ./package.sh, then aws lambda '
            'update-function-code --function-name {function} '
            '--zip-file fileb://build/s3vl-lambda.zip'),
        ('throttled', 'S3V01', 'S3 Vectors throttled the request',
            'Try again later, with fewer sessions at once.'),
        ('access_denied', 'S3V02', 'S3 Vectors denied access',
            'Allow the operation on this index in the IAM role of function {function}.'),
        ('service_failure', 'S3V03', 'S3 Vectors failed',
            'Try again; if it lasts, see the AWS Health Dashboard.'),
        ('response_too_large', 'S3V04', 'the answer is over the 6 MB that Lambda carries',
            'Ask for less: without metadata or without vector data.'),
        ('malformed_data', 'S3V04', 'the index holds what PostgreSQL cannot take',
            'Write the vector that the message names again, or ask without metadata.'),
        ('timeout', 'S3V05', 'the time ran out',
            'Ask for less, or give more time: '
            'select s3vl.configure(''{arn}'', timeout_seconds => 60);'),
        ('internal_error', 'S3V05', 'the Lambda function failed',
            'Read its log: aws logs tail /aws/lambda/{function} --since 10m'),
        ('not_found', 'S3V06', 'S3 Vectors does not have index {index}',
            'Compare the ARN with: aws s3vectors list-indexes --vector-bucket-name <bucket>')
    ) as f (code, errcode, message, hint)
    where f.code = _answered_failure.code
$$;

comment on function s3vl._answered_failure(text) is
    'Says what an error code of the protocol means; no row when there is no such code.';

create or replace function s3vl._raise_answered_failure(
    answer jsonb,
    lambda_arn text,
    index_arn text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer jsonb := _raise_answered_failure.answer;
    _failure record;
begin
    select f.*
    into _failure
    from s3vl._answered_failure(_answer #>> '{error,code}') as f;
    if not found then
        perform s3vl._raise_malformed('a failure without a known error code', _answer::text);
    end if;
    perform s3vl._raise(
        _failure.errcode,
        concat_ws(
            ': ',
            replace(_failure.message, '{index}', coalesce(_raise_answered_failure.index_arn, '')),
            rtrim(_answer #>> '{error,message}', '.')
        ),
        s3vl._failure_detail(_answer),
        s3vl._fill_in(_failure.hint, _raise_answered_failure.lambda_arn)
    );
end;
$$;

comment on function s3vl._raise_answered_failure(jsonb, text, text) is
    'Raises what an answer with "success": false means.';

create or replace function s3vl._failure_detail(answer jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select nullif(
        concat_ws(
            '; ',
            _failure_detail.answer #>> '{error,type}',
            (
                select string_agg(concat_ws(': ', f.field ->> 'path', f.field ->> 'message'), '; ')
                from jsonb_path_query(_failure_detail.answer, '$.error.fields[*]') as f (field)
            ),
            'attempts: ' || (_failure_detail.answer #>> '{error,attempts}'),
            'Lambda request ' || (_failure_detail.answer ->> 'request_id')
        ),
        ''
    )
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
        detail = coalesce('It began: ' || left(_raise_malformed.answer, 200), 'The answer was empty.'),
        hint = 'See that the function in s3vl.get_config() is the one of s3vl, with the code of version '
        || s3vl.version() || '.';
end;
$$;

comment on function s3vl._raise_malformed(text, text) is
    'Raises S3V04 for an answer that breaks the protocol, with its beginning as detail.';
