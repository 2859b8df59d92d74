-- Installs s3vl: `psql -f sql/install.sql` from any directory, or `\i install.sql` in a session.
-- All or nothing, in one transaction. After an error psql reads no further: in a session type
-- `rollback;`, and `\set QUIET off` to see command tags again.
\set s3vl_on_error_stop :ON_ERROR_STOP
\set s3vl_quiet :QUIET
\set ON_ERROR_STOP on

-- Asked before anything is changed, so that a second run leaves a session as it was.
select pg_catalog.to_regnamespace('s3vl') is not null as s3vl_is_there
\gset
\if :s3vl_is_there
do $$
declare
    _owner oid;
begin
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    _owner := (select n.nspowner from pg_namespace as n where n.nspname = 's3vl');
    -- Code in a schema of somebody else is not to be run, not even to ask for its version.
    if pg_has_role(_owner, 'usage') and to_regprocedure('s3vl.version()') is not null then
        raise exception 's3vl % is already installed', s3vl.version()
            using errcode = 'duplicate_schema',
            detail = 'Nothing was changed.',
            hint = 'To start anew run uninstall.sql first: it forgets configuration and indexes.';
    end if;
    raise exception 'there is another schema s3vl, of role %', _owner::regrole
        using errcode = 'duplicate_schema',
        detail = 'Nothing was changed.',
        hint = 'Rename it, or drop it if nobody needs it: drop schema s3vl cascade;';
end;
$$;
\endif

\set QUIET on
begin;
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
\endif
\echo Next: select s3vl.configure('''<Lambda ARN>''');

\set ON_ERROR_STOP :s3vl_on_error_stop
\set QUIET :s3vl_quiet
\unset s3vl_on_error_stop
\unset s3vl_quiet
\unset s3vl_is_there
\unset s3vl_version
\unset s3vl_lacks_aws_lambda
