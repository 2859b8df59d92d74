-- The checks of s3vl.diagnose() of the Lambda function: one call, and what it answers.

create or replace function s3vl._check_lambda(config s3vl.config, started timestamptz)
    returns table (check_name text, status text, detail text, hint text)
    rows 3
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _result jsonb;
    _detail text;
    _hint text;
begin
    begin
        select p.result
        into _result
        from s3vl._ask('availability_check', '{}', _check_lambda.started) as p (result);
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
            return query
            select 'Lambda function', 'fail', s3vl._with_detail(sqlerrm, _detail), _hint;
            return;
    end;
    return query
    select
        'Lambda function',
        'ok',
        'it answers with its real code'
        || case when _result ? 'vector_bucket' then ', and may create indexes' else '' end,
        null::text;
    return query select c.* from s3vl._check_lambda_version(_result) as c;
    return query
    select c.* from s3vl._check_lambda_timeout(_result, _check_lambda.config) as c;
end;
$$;

comment on function s3vl._check_lambda(s3vl.config, timestamptz) is
    'Asks the Lambda function whether it is there, is no placeholder, fits this schema, and has '
    'the time that it is given.';

create or replace function s3vl._check_lambda_version(availability jsonb)
    returns table (check_name text, status text, detail text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        'Lambda version',
        case when f.fits then 'ok' else 'warn' end,
        format(
            'version %s with protocol %s, s3vl is %s with protocol 2',
            coalesce(s3vl._shown(f.version), 'unknown'),
            coalesce(s3vl._shown(f.protocol), 'unknown'),
            s3vl.version()
        ),
        case when f.fits is not true
            then 'Upload the code that belongs to this schema: in lambda/ type ./package.sh, then '
                'aws lambda update-function-code '
                '--function-name <name> --zip-file fileb://build/s3vl-lambda.zip'
        end
    from (
        select
            a.version,
            a.protocol,
            a.version = s3vl.version() and a.protocol = '2' as fits
        from (
            select
                _check_lambda_version.availability ->> 'version' as version,
                _check_lambda_version.availability ->> 'protocol' as protocol
        ) as a
    ) as f
$$;

comment on function s3vl._check_lambda_version(jsonb) is
    'Tells whether the code of the Lambda function fits this schema.';

create or replace function s3vl._check_lambda_timeout(availability jsonb, config s3vl.config)
    returns table (check_name text, status text, detail text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Functions before 1.1.0 do not say it: no row.
    select
        'Lambda timeout',
        case when t.is_enough then 'ok' else 'warn' end,
        format(
            'the function ends after %s s, %s timeout_seconds (%s s)',
            s3vl._shown(t.function_seconds::text),
            case when t.is_enough then 'not before' else 'before' end,
            t.our_seconds
        ),
        case when not t.is_enough then 'Raise LambdaTimeout of the stack' || case
            when t.function_seconds < 1 then '.'
            else format(
                ', or: select s3vl.configure(%L, timeout_seconds => %s);',
                _check_lambda_timeout.config.lambda_arn,
                floor(t.function_seconds)
            )
        end end
    from (
        select
            s.function_seconds,
            s.our_seconds,
            s.function_seconds >= s.our_seconds as is_enough
        from (
            select
                -- Not in a WHERE, which PostgreSQL may look at after the cast.
                case jsonb_typeof(_check_lambda_timeout.availability -> 'timeout_seconds')
                    when 'number'
                        then (_check_lambda_timeout.availability ->> 'timeout_seconds')::numeric
                end as function_seconds,
                _check_lambda_timeout.config.timeout_seconds as our_seconds
        ) as s
        where s.function_seconds is not null
    ) as t
$$;

comment on function s3vl._check_lambda_timeout(jsonb, s3vl.config) is
    'Tells whether the Lambda function itself ends before timeout_seconds; no row when it does not '
    'say.';
