-- How long an invocation takes as the database sees it, for the benchmark.
create schema empty;

create function empty.invocation_ms(lambda_arn text, payload json, invocation_type text)
    returns double precision
    language plpgsql
as $$
declare
    _started timestamptz := clock_timestamp();
begin
    perform from aws_lambda.invoke(
        aws_commons.create_lambda_function_arn(invocation_ms.lambda_arn),
        invocation_ms.payload,
        invocation_ms.invocation_type
    );
    return extract(epoch from clock_timestamp() - _started) * 1000;
end;
$$;
