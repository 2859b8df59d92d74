-- A stand-in for aws_lambda that tells what it was asked and plays back what it was given, so that every
-- path of s3vl runs without a Lambda. Requests are told as notices and counted by a temporary sequence:
-- both outlive an error, and work in read-only transactions.
-- For a superuser, after `create extension aws_lambda`: its functions get other bodies, and stay those of the extension.
create table aws_lambda.played (
    call bigint primary key,
    payload text,
    errcode text,
    message text,
    detail text,
    seconds double precision not null
);

create function aws_lambda._play(arguments jsonb, out answer text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _call bigint := nextval('pg_temp.aws_lambda_calls');
    _played aws_lambda.played;
begin
    raise notice using
        message = 'aws_lambda.invoke',
        detail = (
            _play.arguments || jsonb_build_object(
                'request_timeout_ms', current_setting('aws_lambda.request_timeout_ms', true)
            )
        )::text;
    select p.*
    into strict _played
    from aws_lambda.played as p
    where p.call = _call;
    if _played.seconds = 'infinity' then
        perform pg_cancel_backend(pg_backend_pid());
    end if;
    perform pg_sleep(_played.seconds);
    if _played.message is not null then
        raise exception using
            errcode = _played.errcode, message = _played.message, detail = _played.detail;
    end if;
    _play.answer := _played.payload;
end;
$$;

-- SQL functions, because PL/pgSQL cannot have payload as both IN and OUT. In them $n is the n-th argument.
create or replace function aws_lambda.invoke(
    in function_name text,
    in payload json,
    in region text default null,
    in invocation_type text default 'RequestResponse',
    in log_type text default 'None',
    in context json default null,
    in qualifier varchar(128) default null,
    out status_code integer,
    out payload json,
    out executed_version text,
    out log_result text
)
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select 200, aws_lambda._play(
        jsonb_build_object(
            'function_name', $1, 'payload', $2, 'region', $3, 'invocation_type', $4, 'log_type', $5,
            'context', $6, 'qualifier', $7
        )
    )::json, '$LATEST', null
$$;

-- Only to be there, as on Aurora: a payload without a cast would be ambiguous.
create or replace function aws_lambda.invoke(
    in function_name text,
    in payload jsonb,
    in region text default null,
    in invocation_type text default 'RequestResponse',
    in log_type text default 'None',
    in context jsonb default null,
    in qualifier varchar(128) default null,
    out status_code integer,
    out payload jsonb,
    out executed_version text,
    out log_result text
)
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select 0, $2, null::text, null::text
$$;

-- The tests take away and give back what on Aurora is the platform's.
alter schema aws_lambda owner to postgres;
alter table aws_lambda.played owner to postgres;
alter function aws_lambda._play(jsonb) owner to postgres;
alter function aws_lambda.invoke(text, json, text, text, text, json, varchar) owner to postgres;
alter function aws_lambda.invoke(text, jsonb, text, text, text, jsonb, varchar) owner to postgres;
revoke all on schema aws_lambda from rds_superuser;
