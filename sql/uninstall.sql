-- Removes s3vl with its configuration and registered names, unless something else is built on it,
-- such as a view. The vectors in S3 Vectors stay, and so does the extension aws_lambda, which may
-- have other users. In an open transaction this is a part of it. After an error psql reads no
-- further: in a session type `\set QUIET off` to see command tags again.
\set s3vl_on_error_stop :ON_ERROR_STOP
\set s3vl_quiet :QUIET
\set ON_ERROR_STOP on
\set QUIET on

\ir find_installed.sql
do $$
declare
    _search_path constant text := pg_catalog.current_setting('search_path');
    _owner oid;
    _detail text;
begin
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    if exists (select from pg_extension as e where e.extname = 's3vl') then
        raise exception 's3vl is an extension here, not installed with psql'
            using errcode = 'wrong_object_type',
            detail = 'Nothing was changed.',
            hint = 'Type: drop extension s3vl;';
    end if;
    if current_setting('s3vl.installed') = '' then
        raise exception 'here is no s3vl that % may remove', current_user
            using errcode = 'undefined_object',
            detail = 'Nothing was changed.',
            hint = 'Look for its owner: select nspname, nspowner::regrole from pg_namespace;';
    end if;
    _owner := (select n.nspowner from pg_namespace as n where n.nspname = 's3vl');
    drop trigger index_registry_keep_registered on s3vl.index_registry;
    -- It needs a function.
    drop table s3vl.index_restriction, s3vl.restricted_index;
    -- Without cascade: they need each other, and nothing else may need them.
    execute (
        select 'drop routine ' || string_agg(p.oid::regprocedure::text, ', ')
        from pg_proc as p
        where p.pronamespace = 's3vl'::regnamespace and p.proowner = _owner
    );
    drop table
        s3vl.outbox, s3vl.sync_usage,
        s3vl.sync_pace, s3vl.sync_difference, s3vl.sync_job, s3vl.sync_failure,
        s3vl.sync_state, s3vl.binding, s3vl.index_registry, s3vl.config,
        s3vl.function_facts;
    drop view s3vl.caller, s3vl.role_seal;
    drop table s3vl.seal_key;
    drop sequence s3vl.restriction_change, s3vl.restriction_change_before;
    drop type s3vl.vector_record;
    drop schema s3vl;
    perform set_config('search_path', _search_path, true);
exception
    when dependent_objects_still_exist then
        get stacked diagnostics _detail = pg_exception_detail;
        raise exception 's3vl is not removed: something else is built on it'
            using errcode = 'dependent_objects_still_exist',
            detail = _detail,
            hint = 'Drop that first. To end bindings, with their triggers: select '
                's3vl.unbind_table(binding_name) from s3vl.list_bindings(); To lose all of it '
                'together with s3vl: drop schema s3vl cascade;';
end;
$$;
\echo s3vl is removed.

\set ON_ERROR_STOP :s3vl_on_error_stop
\set QUIET :s3vl_quiet
\unset s3vl_on_error_stop
\unset s3vl_quiet
