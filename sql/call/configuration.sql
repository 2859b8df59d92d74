-- Which Lambda function to call: save it, try it, show it.

create or replace function s3vl.configure(
    lambda_arn text,
    aws_region text default null,
    timeout_seconds integer default 30
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _pattern constant text := '^function:[A-Za-z0-9_-]+(:([$]LATEST|[A-Za-z0-9_-]+))?$';
    _example constant text :=
        'arn:aws:lambda:<region>:<account>:function:<name>, and :<alias> when there is one';
    _arn constant text collate "C" := configure.lambda_arn;
    _region constant text collate "C" := split_part(_arn, ':', 4);
    _check record;
begin
    perform s3vl._require_platform();
    perform s3vl._check_arn('lambda_arn', _arn, 'lambda', _pattern, _example);
    if configure.aws_region collate "C" <> _region then
        raise exception using
            errcode = '22023',
            message = format(
                'aws_region "%s" contradicts lambda_arn, whose region is "%s"',
                s3vl._shown(configure.aws_region),
                _region
            ),
            hint = 'Leave aws_region out: the ARN contains it.';
    end if;
    perform s3vl._check_range('timeout_seconds', configure.timeout_seconds, 1, 900);
    perform s3vl._lock_for_change('s3vl.config');
    -- A dump without data has left none.
    insert into s3vl.seal_key default values on conflict do nothing;
    insert into s3vl.config as c (lambda_arn, aws_region, timeout_seconds)
    values (_arn, _region, configure.timeout_seconds)
    on conflict on constraint config_pkey do update
    set lambda_arn = excluded.lambda_arn,
        aws_region = excluded.aws_region,
        timeout_seconds = excluded.timeout_seconds,
        updated_at = excluded.updated_at;
    select *
    into _check
    from s3vl._try_connection();
    update s3vl.config
    set last_validated_at = clock_timestamp(),
        last_validation_status = coalesce('failed: ' || _check.failure, 'ok');
    insert into s3vl.function_facts as f (memory_mb)
    values (_check.memory_mb)
    on conflict on constraint function_facts_pkey do update
    set memory_mb = excluded.memory_mb;
    if _check.failure is not null then
        perform s3vl._warn(
            'the configuration is saved, but the Lambda function does not work yet',
            _check.failure,
            _check.hint
        );
    end if;
    return true;
end;
$$;

comment on function s3vl.configure(text, text, integer) is
    'Sets the Lambda function to call. Saves it, then tries it and keeps the outcome for '
    's3vl.get_config(); a function that does not work yet is saved with a warning. Returns true. '
    'lambda_arn may end with an alias or a version. aws_region is that of the ARN and can be left '
    'out. timeout_seconds, 1 to 900, is the limit of one SQL call. Raises 22023 for an invalid '
    'argument, 55000 where the database encoding is not UTF8 or the schema aws_lambda does not '
    'belong to the extension, and 55P03 while another session is configuring.';

create or replace function s3vl.validate_config()
    returns table (
        is_valid boolean,
        lambda_arn text,
        aws_region text,
        error_message text,
        response_time_ms integer
    )
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        k.failure is null,
        c.lambda_arn,
        c.aws_region,
        k.failure || '. ' || k.hint,
        k.response_time_ms
    from s3vl._try_connection() as k
    left join s3vl.config as c on true;
end;
$$;

comment on function s3vl.validate_config() is
    'Checks that the function answers. Calls the Lambda function and returns one row, whatever '
    'happens: error_message says what is wrong and what to do, response_time_ms how long the call '
    'took. Saves nothing, and waits for no other session.';

create or replace function s3vl.get_config()
    returns table (
        lambda_arn text,
        aws_region text,
        timeout_seconds integer,
        created_at timestamptz,
        updated_at timestamptz,
        config_age_hours numeric,
        last_validation_status text
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        c.lambda_arn,
        c.aws_region,
        c.timeout_seconds,
        c.created_at,
        c.updated_at,
        round(extract(epoch from now() - c.updated_at) / 3600, 2),
        c.last_validation_status
    from s3vl.config as c;
end;
$$;

comment on function s3vl.get_config() is
    'Shows the configuration. It is one row, or none before s3vl.configure(). config_age_hours is '
    'the time since updated_at. last_validation_status is what s3vl.configure() found. No Lambda '
    'call.';
