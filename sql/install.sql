-- Installs s3vl, and the extension aws_lambda where it is missing: `psql -f sql/install.sql` from
-- any directory, or `\i install.sql` in a session. All or nothing, in a transaction of its own.
-- After an error psql reads no further: in a session type `rollback;`, `\set ON_ERROR_STOP off`,
-- and `\set QUIET off` to see command tags again.
\set s3vl_on_error_stop :ON_ERROR_STOP
\set s3vl_quiet :QUIET
\set ON_ERROR_STOP on
\ir no_open_transaction.sql

-- Asked before anything is changed, so that a second run leaves a session as it was.
select
    pg_catalog.to_regnamespace('s3vl') is not null as s3vl_is_there,
    pg_catalog.to_regnamespace('aws_lambda') is null and exists (
        select from pg_catalog.pg_available_extensions as e
        where pg_catalog.nameeq(e.name, 'aws_lambda')
    ) as s3vl_creates_aws_lambda
\gset
\if :s3vl_is_there
\ir refuse_installed.sql
\endif

\set QUIET on
begin;
\if :s3vl_creates_aws_lambda
\ir create_aws_lambda.sql
\endif
-- Not before the extension: PostgreSQL would put it into pg_catalog.
set local search_path = pg_catalog, pg_temp;
\ir manifest.sql
commit;

select
    s3vl.version() as s3vl_version,
    pg_catalog.to_regnamespace('aws_lambda') is null as s3vl_lacks_aws_lambda
\gset
\echo s3vl :s3vl_version is installed.
\if :s3vl_lacks_aws_lambda
\echo The extension aws_lambda is not there yet. Type: create extension aws_lambda cascade;
\elif :s3vl_creates_aws_lambda
\echo The extension aws_lambda is created.
\endif
\echo Next: select s3vl.configure('''<Lambda ARN>''');

\set ON_ERROR_STOP :s3vl_on_error_stop
\set QUIET :s3vl_quiet
\unset s3vl_on_error_stop
\unset s3vl_quiet
\unset s3vl_is_there
\unset s3vl_creates_aws_lambda
\unset s3vl_version
\unset s3vl_lacks_aws_lambda
