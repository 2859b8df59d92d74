-- The single checks of s3vl.diagnose(). Each returns a row with status ok, warn or fail.

create or replace function s3vl._invoke_function()
    returns oid
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select min(p.oid)
    from pg_proc as p
    where p.pronamespace = to_regnamespace('aws_lambda') and p.proname = 'invoke'
$$;

comment on function s3vl._invoke_function() is
    'Returns one of the functions aws_lambda.invoke, or null without the extension.';

create or replace function s3vl._check_platform()
    returns table (check_name text, status text, detail text, hint text)
    rows 2
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _failure record;
begin
    return query
    select f.check_name, 'fail', s3vl._with_detail(f.message, f.detail), f.hint
    from s3vl._platform_failures() as f;
    if not s3vl._has_aws_lambda() then
        return;
    end if;
    return query
    select 'extension aws_lambda', 'ok', 'version ' || e.extversion, null::text
    from pg_extension as e
    where e.extname = 'aws_lambda';
    if has_schema_privilege('aws_lambda', 'usage')
        and has_function_privilege(s3vl._invoke_function(), 'execute')
    then
        return query
        select
            'privilege on aws_lambda', 'ok', format('role %I owns s3vl', current_user), null::text;
        return;
    end if;
    select f.* into _failure from s3vl._call_failure('42501', '', '', false) as f;
    return query select 'privilege on aws_lambda', 'fail', _failure.message, _failure.hint;
end;
$$;

comment on function s3vl._check_platform() is
    'Looks at the encoding of the database, for the extension aws_lambda and the right to use it.';

create or replace function s3vl._check_configuration(config s3vl.config)
    returns table (check_name text, status text, detail text, hint text)
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        'configuration',
        case when f.failed then 'warn' else 'ok' end,
        concat_ws(
            ', ',
            _check_configuration.config.lambda_arn,
            _check_configuration.config.timeout_seconds || ' seconds',
            'validated ' || _check_configuration.config.last_validated_at || ': '
            || _check_configuration.config.last_validation_status
        ),
        case when f.failed then format(
            'If it works now, configure it again, with admin access: '
            'select s3vl.configure(%L, timeout_seconds => %s);',
            _check_configuration.config.lambda_arn,
            _check_configuration.config.timeout_seconds
        ) end
    from (
        select _check_configuration.config.last_validation_status <> 'ok'
    ) as f (failed)
$$;

comment on function s3vl._check_configuration(s3vl.config) is
    'Shows the configuration, and what came of its last validation.';

create or replace function s3vl._check_timeout(config s3vl.config)
    returns table (check_name text, status text, detail text, hint text)
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _before text := s3vl._request_timeout();
    _wanted_ms integer := _check_timeout.config.timeout_seconds * 1000;
    _limit_ms integer := s3vl._limit_request(
        clock_timestamp() + make_interval(secs => _check_timeout.config.timeout_seconds)
    );
begin
    perform s3vl._set_request_timeout(_before);
    if not s3vl._has_aws_lambda() then
        -- Then the setting is anybody's, and says nothing.
        return query
        select
            'request timeout',
            'warn',
            'unknown without the extension aws_lambda',
            'Install the extension first.';
        return;
    end if;
    return query
    select
        'request timeout',
        case when _limit_ms >= _wanted_ms - 1000 then 'ok' else 'warn' end,
        format(
            'a call has %s of %s seconds; between calls aws_lambda.request_timeout_ms is %s',
            round(_limit_ms / 1000.0),
            _check_timeout.config.timeout_seconds,
            _before
        ),
        case
            when _limit_ms < _wanted_ms - 1000
                then format(
                    'This role may not change it: set it to %s in the parameter group.', _wanted_ms
                )
        end;
end;
$$;

comment on function s3vl._check_timeout(s3vl.config) is
    'Tells which time limit a call really has.';
