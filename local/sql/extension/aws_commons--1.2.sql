-- A stand-in for Aurora's aws_commons: the part that aws_lambda needs.
\echo Use "CREATE EXTENSION aws_commons" to load this file. \quit

create schema aws_commons;

create type aws_commons._lambda_function_arn_1 as (
    function_name text,
    region text
);

create function aws_commons.create_lambda_function_arn(
    function_name text,
    region text default null
)
    returns aws_commons._lambda_function_arn_1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select row($1, $2)::aws_commons._lambda_function_arn_1
$$;

comment on function aws_commons.create_lambda_function_arn(text, text) is
    'Builds the structure that aws_lambda.invoke takes in place of a function name.';

-- As on Aurora, only rds_superuser starts with access, and may pass it on.
revoke all on function aws_commons.create_lambda_function_arn(text, text) from public;
grant usage on schema aws_commons to rds_superuser with grant option;
grant execute on function aws_commons.create_lambda_function_arn(text, text) to rds_superuser with grant option;
