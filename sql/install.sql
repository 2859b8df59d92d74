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
do $$
declare
    _owner oid;
    _version text;
begin
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    _owner := (select n.nspowner from pg_namespace as n where n.nspname = 's3vl');
    -- Read and not run: whoever may create a schema could have put code in wait here.
    _version := (
        select substring(p.prosrc from '''(.*)''')
        from pg_proc as p
        inner join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = 's3vl' and p.proname = 'version' and p.pronargs = 0
    );
    if pg_has_role(_owner, 'usage') and _version is not null then
        raise exception 's3vl % is already installed', _version
            using errcode = 'duplicate_schema',
            detail = 'Nothing was changed.',
            hint = case
                when exists (select from pg_extension as e where e.extname = 's3vl')
                    then 'It is an extension. For another version: alter extension s3vl update;'
                else format(
                    'A script upgrade-%s-<version>.sql brings a newer one and keeps all. To start '
                    'anew run uninstall.sql first: it forgets configuration and indexes.',
                    _version
                )
            end;
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
\if :s3vl_creates_aws_lambda
do $$
begin
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
