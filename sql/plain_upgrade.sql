-- Upgrades s3vl @from@ to @to@ without psql: Flyway, Alembic, Django's RunSQL, DBeaver, pgAdmin.
-- As one string, or one statement after the other in a transaction; all or nothing.
-- (In sql/ this is a form: tools/build_sql.py fills it in.)
do $$
begin
    perform pg_catalog.set_config('s3vl.in_one_transaction', 'yes', true);
end;
$$;
do $$
begin
    -- It is forgotten when each statement is a transaction of its own.
    if not pg_catalog.texteq(
        coalesce(pg_catalog.current_setting('s3vl.in_one_transaction', true), ''), 'yes'
    ) then
        raise exception
            's3vl is upgraded in one transaction, but each statement here runs in its own'
            using errcode = 'no_active_sql_transaction',
            detail = 'Nothing was changed.',
            hint = 'Turn autocommit off, or send the whole script at once.';
    end if;
end;
$$;
-- Put back at the end: a client that goes on in this transaction has its own again.
do $$
begin
    perform pg_catalog.set_config(
        's3vl.search_path_before', pg_catalog.current_setting('search_path'), true
    );
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
end;
$$;
\ir refuse_other_version.sql
\ir manifest.sql
do $$
begin
    perform set_config('search_path', current_setting('s3vl.search_path_before'), true);
end;
$$;
