-- Failures on the way to Lambda and back, which aws_lambda raises. AWS documents two messages for
-- them, with the reason in DETAIL, and no SQLSTATE: _reasons.sql tells what it says.
-- {arn}, {function} and {version} are filled in by s3vl._fill_in.

create or replace function s3vl._call_failure(
    sql_errcode text,
    sql_message text,
    reason text,
    ran_out_of_time boolean
)
    returns table (errcode text, message text, hint text)
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The first line that applies counts: the particular ones stand above the general one.
    select f.errcode, f.message, f.hint
    from
        (
            select
                _call_failure.sql_errcode as code,
                s3vl._kind_of_reason(_call_failure.reason) as kind,
                _call_failure.sql_message like 'lambda invocation failed%' as ran_and_failed,
                _call_failure.sql_message like 'invoke API failed%' as not_run
        ) as c
    cross join lateral (
        values
        (c.code in ('3F000', '42883'), '55000',
            'the extension aws_lambda is not installed in this database',
            'Type: create extension aws_lambda cascade;'),
        (c.code = '42501', '42501',
            format('role %I, which owns s3vl, may not use aws_lambda', current_user),
            format('Type: grant usage on schema aws_lambda to %1$I; '
                'grant execute on all functions in schema aws_lambda to %1$I;', current_user)),
        (c.code = '22P02', 'S3V04',
            'Lambda function "{arn}" did not answer with JSON',
            'Check that s3vl.get_config() names the function of s3vl.'),
        (c.code = '54001', 'S3V04',
            'Lambda function "{arn}" returned JSON that is nested too deeply',
            'Check that s3vl.get_config() names the function of s3vl.'),
        (c.kind = 'too large', 'S3V04',
            'a request to Lambda function "{arn}" or its answer is over the limit of 6 MB',
            'Request less at a time.'),
        (c.ran_and_failed and c.kind = 'function timed out', 'S3V05',
            'Lambda function "{arn}" timed out',
            'Do less at a time, or raise LambdaTimeout of the CloudFormation stack.'),
        (c.ran_and_failed, 'S3V05',
            'Lambda function "{arn}" failed',
            'Read its log: aws logs filter-log-events --log-group-name /aws/lambda/{function}'),
        (c.not_run and c.kind = 'denied', 'S3V02',
            'the database may not call Lambda function "{arn}"',
            'Attach a role that allows lambda:InvokeFunction on it: '
            'aws rds add-role-to-db-cluster --db-cluster-identifier <cluster> '
            '--role-arn <role ARN> --feature-name Lambda'),
        (c.not_run and c.kind = 'no function', 'S3V05',
            'Lambda function "{arn}" does not exist',
            'Configure an existing one: select s3vl.configure(''<Lambda ARN>'');'),
        (c.not_run and c.kind = 'throttled', 'S3V01',
            'Lambda throttled the call to function "{arn}"',
            'Try again later, or raise the concurrency of the function.'),
        (c.not_run and (_call_failure.ran_out_of_time or c.kind = 'no answer in time'), 'S3V05',
            'Lambda function "{arn}" did not answer in time',
            'Try again: a first call is slow. Then check the network (VPC, NAT gateway), or '
            'allow more time: select s3vl.configure(''{arn}'', timeout_seconds => 60);'),
        (c.not_run, 'S3V05',
            'Lambda function "{arn}" could not be called',
            'Check that the cluster reaches Lambda on port 443 (NAT gateway or VPC endpoint) and '
            'has a role for the feature Lambda.'),
        -- What an extension raises without a SQLSTATE of its own.
        (c.code in ('XX000', 'P0001'), 'S3V05',
            'the call to Lambda function "{arn}" failed',
            'See the detail, and check the ARN in s3vl.get_config().')
    ) as f (applies, errcode, message, hint)
    where f.applies
    limit 1
$$;

comment on function s3vl._call_failure(text, text, text, boolean) is
    'Says what an error of aws_lambda.invoke means; no row when it means nothing to s3vl.';

create or replace function s3vl._is_throttled(sql_errcode text, sql_message text, reason text)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from s3vl._call_failure(
            _is_throttled.sql_errcode, _is_throttled.sql_message, _is_throttled.reason, false
        ) as f
        where f.errcode = 'S3V01'
    )
$$;

comment on function s3vl._is_throttled(text, text, text) is
    'Tells whether an error of aws_lambda.invoke means that Lambda did not run the call for now.';

create or replace function s3vl._raise_call_failure(
    sql_errcode text,
    sql_message text,
    reason text,
    ran_out_of_time boolean,
    lambda_arn text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _failure record;
begin
    select f.*
    into _failure
    from s3vl._call_failure(
        _raise_call_failure.sql_errcode,
        _raise_call_failure.sql_message,
        _raise_call_failure.reason,
        _raise_call_failure.ran_out_of_time
    ) as f;
    if found then
        raise exception using
            errcode = _failure.errcode,
            message = s3vl._fill_in(_failure.message, _raise_call_failure.lambda_arn),
            detail = concat_ws(
                ': ', _raise_call_failure.sql_message, nullif(_raise_call_failure.reason, '')
            ),
            hint = s3vl._fill_in(_failure.hint, _raise_call_failure.lambda_arn);
    end if;
end;
$$;

comment on function s3vl._raise_call_failure(text, text, text, boolean, text) is
    'Raises what an error of aws_lambda.invoke means; returns when it means nothing to s3vl.';
