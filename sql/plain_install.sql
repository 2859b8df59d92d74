-- Installs s3vl @to@ without psql: Flyway, Alembic, Django's RunSQL, DBeaver, pgAdmin, RDS query
-- editor. As one string, or one statement after the other; all or nothing where the client has a
-- transaction. Without one, after an error: drop schema s3vl cascade; set search_path to default;
-- (In sql/ this is a form: tools/build_sql.py fills it in.)
\ir refuse_installed.sql
\ir create_aws_lambda.sql
-- Not before the extension: PostgreSQL would put it into pg_catalog. For the session, because
-- without a transaction `set local` ends with its own statement; the last one puts it back.
do $$
begin
    perform pg_catalog.set_config(
        's3vl.search_path_before', pg_catalog.current_setting('search_path'), false
    );
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false);
end;
$$;
\ir manifest.sql
do $$
begin
    if to_regnamespace('aws_lambda') is null then
        raise notice 'the extension aws_lambda is not there yet'
            using hint = 'Type: create extension aws_lambda cascade;';
    end if;
    perform set_config('search_path', current_setting('s3vl.search_path_before'), false);
end;
$$;
