-- Installs s3vl as an extension. (In sql/ this is a form: tools/build_sql.py fills it in.)
\echo Use "create extension s3vl cascade" to load this file. \quit
set local search_path = pg_catalog, pg_temp;
\ir manifest.sql
-- Rows that pg_dump takes along.
select pg_catalog.pg_extension_config_dump('s3vl.config', '');
select pg_catalog.pg_extension_config_dump('s3vl.function_facts', '');
select pg_catalog.pg_extension_config_dump('s3vl.index_registry', '');
select pg_catalog.pg_extension_config_dump('s3vl.restricted_index', '');
select pg_catalog.pg_extension_config_dump('s3vl.index_restriction', '');
select pg_catalog.pg_extension_config_dump('s3vl.binding', '');
select pg_catalog.pg_extension_config_dump('s3vl.binding_binding_id_seq', '');
select pg_catalog.pg_extension_config_dump('s3vl.outbox', '');
select pg_catalog.pg_extension_config_dump('s3vl.outbox_change_seq', '');
select pg_catalog.pg_extension_config_dump('s3vl.sync_state', '');
select pg_catalog.pg_extension_config_dump('s3vl.sync_failure', '');
select pg_catalog.pg_extension_config_dump('s3vl.sync_job', '');
select pg_catalog.pg_extension_config_dump('s3vl.sync_job_job_id_seq', '');
select pg_catalog.pg_extension_config_dump('s3vl.sync_difference', '');
select pg_catalog.pg_extension_config_dump('s3vl.sync_usage', '');
