-- The table of contents, and the program: psql runs every file of s3vl once, in this order.
-- A new file is a new line here. Transaction and search_path belong to install.sql.
--
-- A call travels like this: api/ checks its arguments, internal/index.sql finds the index,
-- internal/invoke.sql carries the request to Lambda, internal/decode.sql reads the answer.

-- Things with state
\ir schema/schema.sql
\ir schema/config.sql
\ir schema/index_registry.sql
\ir schema/types.sql

-- Public: about s3vl itself
\ir api/version.sql

-- Internal: what the functions below share; may change without notice
\ir internal/errors.sql
\ir internal/call_failures.sql
\ir internal/answered_failures.sql
\ir internal/arguments.sql
\ir internal/names.sql
\ir internal/vector_arguments.sql
\ir internal/encode_vectors.sql
\ir internal/filters.sql
\ir internal/text_arguments.sql
\ir internal/metadata.sql
\ir internal/records.sql
\ir internal/lists.sql
\ir internal/authorize.sql
\ir internal/access_levels.sql
\ir internal/index.sql
\ir internal/request_timeout.sql
\ir internal/note_call.sql
\ir internal/retry.sql
\ir internal/invoke.sql
\ir internal/ask.sql
\ir internal/write.sql
\ir internal/decode.sql
\ir internal/index_facts.sql
\ir internal/index_mode.sql
\ir internal/checks.sql
\ir internal/lambda_checks.sql
\ir internal/index_checks.sql

-- Public: which Lambda function to call
\ir api/configuration.sql

-- Public: names for indexes
\ir api/registry.sql
\ir api/registry_views.sql
\ir api/describe_index.sql

-- Public: reading vectors
\ir api/query.sql
\ir api/query_batch.sql
\ir api/query_hybrid.sql
\ir api/vectors.sql

-- Public: writing vectors
\ir api/write.sql

-- Public: operating
\ir api/last_call.sql
\ir api/diagnose.sql
\ir api/access.sql

-- Who may do what: last, because it speaks about everything above
\ir schema/privileges.sql
