-- The checks of s3vl.diagnose() of the Lambda function: one call, and what it answers.

create or replace function s3vl._check_lambda(config s3vl.config, started timestamptz)
    returns table (check_name text, status text, detail text, hint text)
    rows 4
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
    return query select c.* from s3vl._check_lambda_memory(s3vl._memory_mb(_result)) as c;
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

create or replace function s3vl._check_lambda_memory(memory_mb integer)
    returns table (check_name text, status text, detail text, hint text)
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Functions before 1.1.0 do not say it: no row.
    select
        'Lambda memory',
        case when m.is_remembered then 'ok' else 'warn' end,
        format(
            '%s MB: to rank %s vectors of 1,024 dimensions exactly, the default threshold, takes '
            'about %s s',
            m.memory_mb,
            m.threshold,
            round(m.threshold * 1024 * 0.7e-6 / m.processors, 1)
        ) || case when m.memory_mb < 1769
            then format(', and half of that with LambdaMemorySize %s', 2 * m.memory_mb)
            else ''
        end,
        case when not m.is_remembered then format(
            'The threshold is that of another memory. To let it follow, type: '
            'select s3vl.configure(%L, timeout_seconds => %s);',
            m.lambda_arn,
            m.timeout_seconds
        ) end
    from (
        select
            _check_lambda_memory.memory_mb,
            least(1, _check_lambda_memory.memory_mb / 1769.0) as processors,
            s3vl._exact_search_threshold(1024) as threshold,
            s3vl._exact_numbers(f.memory_mb)
            = s3vl._exact_numbers(_check_lambda_memory.memory_mb) as is_remembered,
            c.lambda_arn,
            c.timeout_seconds
        from s3vl.config as c
        left join s3vl.function_facts as f on true
        where _check_lambda_memory.memory_mb is not null
    ) as m
$$;

comment on function s3vl._check_lambda_memory(integer) is
    'Tells how long exact ranking takes the Lambda function, and whether the threshold follows its '
    'memory; no row when it does not say.';
