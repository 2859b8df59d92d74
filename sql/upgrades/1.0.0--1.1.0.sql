-- From 1.0.0 to 1.1.0, besides the text of functions: what has state. (Internal functions that only
-- 1.0.0 has are no part of it: see leave_functions.sql.)
alter table s3vl.index_registry add column described_at timestamptz;
comment on column s3vl.index_registry.described_at is
    'When GetIndex last told these facts; null when it could not be asked.';
alter table s3vl.index_registry add column model text collate "C";
comment on column s3vl.index_registry.model is
    'Name of the model that made the vectors, as somebody has said; null when nobody has.';
comment on column s3vl.config.last_validated_at is
    'When s3vl.configure() asked the Lambda function whether it is there.';
\ir ../call/function_facts.sql
select pg_catalog.pg_extension_config_dump('s3vl.function_facts', '');
-- Tables in step with an index.
\ir ../sync/binding.sql
\ir ../sync/sync_state.sql
\ir ../sync/sync_job.sql
\ir ../sync/sync_usage.sql
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
\ir renew_functions.sql
-- They are as new as their rights: not at all.
\ir known_functions.sql
-- Who calls, and which part of an index it may use.
\ir ../base/caller.sql
\ir ../index/_role_oid.sql
\ir ../index/restriction.sql
select pg_catalog.pg_extension_config_dump('s3vl.restricted_index', '');
select pg_catalog.pg_extension_config_dump('s3vl.index_restriction', '');
