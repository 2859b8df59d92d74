-- Creates the extension aws_lambda where it is missing and can be had.
do $$
begin
    if pg_catalog.to_regnamespace('aws_lambda') is not null or not exists (
        select from pg_catalog.pg_available_extensions as e
        where pg_catalog.nameeq(e.name, 'aws_lambda')
    ) then
        return;
    end if;
    -- Not to be told about aws_commons, which comes with it.
    set local client_min_messages = warning;
    create extension aws_lambda cascade;
exception
    when insufficient_privilege then
        raise notice using
            message = pg_catalog.format(
                'role %I may not create the extension aws_lambda', current_user
            ),
            detail = sqlerrm,
            hint = pg_catalog.format(
                'Ask an administrator to type in this database: create extension aws_lambda '
                'cascade; grant usage on schema aws_lambda to %I; '
                'grant execute on all functions in schema aws_lambda to %I;',
                current_user,
                current_user
            );
end;
$$;
