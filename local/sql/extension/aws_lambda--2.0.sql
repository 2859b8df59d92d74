-- A stand-in for Aurora's aws_lambda: its four overloads, its three settings, and its error texts.
-- What is documented and what is assumed stands in docs/local-stack.md.
\echo Use "CREATE EXTENSION aws_lambda" to load this file. \quit

create schema aws_lambda;

-- The stand-in for the network between the database and AWS; nobody but the platform can use it. It is all in this
-- file, so that any database can have it, one made from template0 too. dblink's functions are declared here because
-- they are all that is needed of it, and its extension is not for everybody to create.
create schema aws_lambda_local;
revoke all on schema aws_lambda_local from public;

do $$
begin
    -- The server that has no dblink can have all of this, and invokes nothing.
    if exists (select from pg_catalog.pg_available_extensions as e where e.name = 'dblink') then
        create function aws_lambda_local.dblink(connection text, query text)
            returns setof record
            language c
            strict parallel restricted
        as '$libdir/dblink', 'dblink_record';
        revoke all on function aws_lambda_local.dblink(text, text) from public;
    end if;
end;
$$;

-- The one place that leaves the database. It runs as the platform, because dblink lets only superusers connect
-- without a password; callers reach it through the four overloads only. It stands outside the schema aws_lambda,
-- so that `grant execute on all functions in schema aws_lambda` works as it does on Aurora.
-- The local Lambda service answers one row, or an error with the message and DETAIL that Aurora documents.
create function aws_lambda_local.aws_lambda_invoke(
    function_name text,
    request_payload anyelement,
    region text,
    invocation_type text,
    log_type text,
    client_context text,
    qualifier text,
    out status_code integer,
    out response_payload text,
    out executed_version text,
    out log_result text
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Set when the server starts. Not aws_lambda.endpoint_override: what AWS lets nobody change without a
    -- restart is here a setting that every session could change.
    _endpoint text := nullif(current_setting('cluster_name'), '');
    _request json;
begin
    if _endpoint is null then
        raise exception 'invoke API failed'
            using detail = $d$AWS Lambda client returned 'Unable to connect to endpoint'.$d$;
    end if;
    _request := json_build_object(
        'function_name', aws_lambda_invoke.function_name,
        'region', aws_lambda_invoke.region,
        'invocation_type', aws_lambda_invoke.invocation_type,
        'log_type', aws_lambda_invoke.log_type,
        'client_context', aws_lambda_invoke.client_context,
        'qualifier', aws_lambda_invoke.qualifier,
        'request_timeout_ms',
        coalesce(nullif(current_setting('aws_lambda.request_timeout_ms', true), ''), '3000')::integer
    );
    -- dblink opens a connection for this call and closes it on every way out, so a cancelled call leaves
    -- nothing behind for the next one to trip over.
    begin
        select r.status_code, r.payload, r.executed_version, r.log_result
        into
            aws_lambda_invoke.status_code,
            aws_lambda_invoke.response_payload,
            aws_lambda_invoke.executed_version,
            aws_lambda_invoke.log_result
        from aws_lambda_local.dblink(
            format(
                'host=%s port=%s dbname=lambda user=aws sslmode=disable gssencmode=disable connect_timeout=%s',
                split_part(_endpoint, ':', 1),
                split_part(_endpoint, ':', 2),
                -- libpq counts in whole seconds
                greatest(
                    1,
                    coalesce(
                        nullif(current_setting('aws_lambda.connect_timeout_ms', true), ''), '1000'
                    )::integer / 1000
                )
            ),
            -- The payload follows on lines of its own: as a text of the document, all of it would be
            -- escaped here and read again there.
            concat(_request, E'\n', aws_lambda_invoke.request_payload)
        ) as r (status_code integer, payload text, executed_version text, log_result text);
    exception
        when sqlclient_unable_to_establish_sqlconnection or connection_failure then
            raise exception 'invoke API failed'
                using detail = $d$AWS Lambda client returned 'Unable to connect to endpoint'.$d$;
    end;
end;
$$;

revoke all on function aws_lambda_local.aws_lambda_invoke(text, anyelement, text, text, text, text, text) from public;

-- SQL functions, because PL/pgSQL cannot have payload as both IN and OUT. In them $n is the n-th argument.
create function aws_lambda.invoke(
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
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select r.status_code, r.response_payload::json, r.executed_version, r.log_result
    from aws_lambda_local.aws_lambda_invoke($1, $2, $3, $4, $5, $6::text, $7) as r
$$;

create function aws_lambda.invoke(
    in function_name aws_commons._lambda_function_arn_1,
    in payload json,
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
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select r.status_code, r.response_payload::json, r.executed_version, r.log_result
    from aws_lambda_local.aws_lambda_invoke(($1).function_name, $2, ($1).region, $3, $4, $5::text, $6) as r
$$;

create function aws_lambda.invoke(
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
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select r.status_code, r.response_payload::jsonb, r.executed_version, r.log_result
    from aws_lambda_local.aws_lambda_invoke($1, $2, $3, $4, $5, $6::text, $7) as r
$$;

create function aws_lambda.invoke(
    in function_name aws_commons._lambda_function_arn_1,
    in payload jsonb,
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
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select r.status_code, r.response_payload::jsonb, r.executed_version, r.log_result
    from aws_lambda_local.aws_lambda_invoke(($1).function_name, $2, ($1).region, $3, $4, $5::text, $6) as r
$$;

-- As on Aurora, only rds_superuser starts with access, and may pass it on.
revoke all on all functions in schema aws_lambda from public;
grant usage on schema aws_lambda to rds_superuser with grant option;
grant execute on all functions in schema aws_lambda to rds_superuser with grant option;
