-- Upgrades s3vl @from@ to @to@ where it was installed with psql; configuration, indexes and grants
-- stay. All or nothing, in a transaction of its own. After an error psql reads no further: in a
-- session type `rollback;`, and `\set QUIET off` to see command tags again.
-- (In sql/ this is a form: tools/build_sql.py fills it in.)
\set s3vl_on_error_stop :ON_ERROR_STOP
\set s3vl_quiet :QUIET
\set ON_ERROR_STOP on
\ir no_open_transaction.sql

\set QUIET on
begin;
set local search_path = pg_catalog, pg_temp;
\ir refuse_other_version.sql
\ir manifest.sql
commit;

\echo s3vl is upgraded from @from@ to @to@.
\set ON_ERROR_STOP :s3vl_on_error_stop
\set QUIET :s3vl_quiet
\unset s3vl_on_error_stop
\unset s3vl_quiet
