-- The table of contents, and the program: psql runs every file of s3vl once, in this order.
-- A new file is a new line here. Transaction and search_path belong to install.sql.
--
-- A room is a folder for one concern. It uses the rooms above it, never one below. A file whose
-- name begins with _ is internal, as the functions in it are, and may change without notice.
--
-- A call travels like this: vectors/ checks its arguments, index/_find_index.sql finds the index,
-- call/_invoke.sql carries the request to Lambda, call/_decode.sql reads the answer.

-- base/: the schema, and what every room uses
\ir base/schema.sql
\ir base/_platform.sql
\ir base/platform.sql
\ir base/config.sql
\ir base/caller.sql
\ir base/_topics.sql
\ir base/_overloads.sql
\ir base/_described.sql

-- Public: about s3vl itself
\ir base/version.sql
\ir base/help.sql

\ir base/_errors.sql
\ir base/_lock.sql
\ir base/_arguments.sql
\ir base/_arn.sql
\ir base/_key_types.sql
\ir base/_access_levels.sql
\ir base/_caller.sql

-- call/: the way to the Lambda function and back
\ir call/_reasons.sql
\ir call/_call_failures.sql
\ir call/_particular_failures.sql
\ir call/_answered_failures.sql
\ir call/_request_timeout.sql
\ir call/_notes.sql
\ir call/_note_call.sql
\ir call/_retry.sql
\ir call/_invoke.sql
\ir call/_ask.sql
\ir call/_decode.sql
\ir call/function_facts.sql
\ir call/_try_connection.sql
\ir call/_exact_search.sql

-- Public: which Lambda function to call
\ir call/configuration.sql

-- Public: what the last call has cost
\ir call/last_call.sql

-- index/: names for indexes, and what is known about them
\ir index/index_registry.sql
\ir index/_names.sql
\ir index/_model.sql
\ir index/_role_oid.sql
\ir index/restriction.sql
\ir index/_find_index.sql
\ir index/_restriction_change.sql
\ir index/_restrictions.sql
\ir index/_open_index.sql
\ir index/_check_restriction.sql
\ir index/_facts.sql
\ir index/_register.sql
\ir index/_new_index.sql
\ir index/_created.sql
\ir index/_set_active.sql

-- Public: names for indexes
\ir index/registry.sql
\ir index/create_index.sql
\ir index/drop_index.sql
\ir index/list_indexes.sql
\ir index/describe_index.sql
\ir index/_before_1_1.sql
\ir index/restrict_index.sql

-- vectors/: reading and writing them
\ir vectors/vector_record.sql
\ir vectors/_vector_arguments.sql
\ir vectors/_encode_vectors.sql
\ir vectors/_metadata_size.sql
\ir vectors/_metadata.sql
\ir vectors/_filters.sql
\ir vectors/_text_arguments.sql
\ir vectors/_records.sql
\ir vectors/_encode_records.sql
\ir vectors/_lists.sql
\ir vectors/_write.sql
\ir vectors/_send_writes.sql
\ir vectors/_mode.sql
\ir vectors/_query_vectors.sql
\ir vectors/_query_vectors_batch.sql
\ir vectors/_query_hybrid.sql
\ir vectors/_reads.sql
\ir vectors/_own_records.sql
\ir vectors/_writes.sql

-- Public: reading vectors
\ir vectors/query_vectors.sql
\ir vectors/query_vectors_batch.sql
\ir vectors/query_hybrid.sql
\ir vectors/_before_1_1.sql
\ir vectors/get_vectors.sql
\ir vectors/list_vectors.sql

-- Public: writing vectors
\ir vectors/put_vectors.sql
\ir vectors/delete_vectors.sql

-- filtered/: search under any WHERE
\ir filtered/_next_neighbours.sql
\ir filtered/_rank_vectors.sql
\ir filtered/_candidates.sql
\ir filtered/_begin_search.sql
\ir filtered/_steps.sql
\ir filtered/_next_read.sql
\ir filtered/_next_move.sql
\ir filtered/_end_search.sql

-- Public: search under any WHERE
\ir filtered/query_filtered.sql
\ir filtered/last_search.sql
\ir filtered/rank_vectors.sql
\ir filtered/rrf_score.sql

-- sync/: tables in step with an index
\ir sync/binding.sql
\ir sync/sync_state.sql
\ir sync/sync_job.sql
\ir sync/sync_usage.sql
\ir sync/_keep_registered.sql
\ir sync/_columns.sql
\ir sync/_check_source.sql
\ir sync/_check_binding.sql
\ir sync/_find_binding.sql
\ir sync/_define_binding.sql
\ir sync/_changed_keys.sql
\ir sync/_late_changes.sql
\ir sync/_capture.sql
\ir sync/_check_definition.sql
\ir sync/_unused_number.sql
\ir sync/_jobs.sql
\ir sync/_queue_job.sql
\ir sync/_home.sql
\ir sync/_prepare_binding.sql
\ir sync/_save_binding.sql
\ir sync/_end_binding.sql
\ir sync/_staleness.sql
\ir sync/_read_rows.sql
\ir sync/_to_embed.sql
\ir sync/_row_hash.sql
\ir sync/_gather.sql
\ir sync/_sorted.sql
\ir sync/_check_facts.sql
\ir sync/_put_all.sql
\ir sync/_put_metadata.sql
\ir sync/_settle.sql
\ir sync/_turn.sql
\ir sync/_is_same_vector.sql
\ir sync/_judge.sql
\ir sync/_sums.sql
\ir sync/_verify_requests.sql
\ir sync/_verify_stages.sql
\ir sync/_repair.sql
\ir sync/_verify_turn.sql
\ir sync/_take_turn.sql
\ir sync/_pace.sql
\ir sync/_lease.sql
\ir sync/_start_sync.sql
\ir sync/_usage.sql
\ir sync/_sync_step.sql
\ir sync/_not_whole.sql
\ir sync/_ready.sql
\ir sync/_status.sql
\ir sync/_letters.sql
\ir sync/_tell_progress.sql
\ir sync/_commit_alone.sql

-- Public: tables in step with an index
\ir sync/bind_table.sql
\ir sync/pause_binding.sql
\ir sync/list_bindings.sql
\ir sync/sync.sql
\ir sync/sync_status.sql
\ir sync/sync_backlog.sql
\ir sync/dead_letters.sql
\ir sync/switch_index.sql
\ir sync/content_hash.sql
\ir sync/rows_to_embed.sql
\ir sync/sync_cost.sql
\ir sync/start_backfill.sql
\ir sync/sync_jobs.sql

-- text/: what stands on all of these
\ir text/_rows_searched.sql
\ir text/_tiers.sql
\ir text/_tier_queries.sql
\ir text/_cold_steps.sql
\ir text/_hold_binding.sql
\ir text/_local_hybrid.sql
\ir text/_hybrid_queries.sql

-- Public: two tiers of one table
\ir text/query_tiered.sql
\ir text/move_to_cold.sql

-- Public: vectors and the texts of a table
\ir text/query_hybrid_local.sql

-- operate/: what works, and who may do what
\ir operate/_checks.sql
\ir operate/_lambda_checks.sql
\ir operate/_index_checks.sql
\ir operate/_binding_checks.sql
\ir operate/_rights.sql
\ir operate/_access.sql
\ir operate/_pgvector.sql
\ir operate/_overload.sql
\ir operate/_open_to_everybody.sql

-- Public: operating
\ir operate/diagnose.sql
\ir operate/access.sql
\ir operate/use_pgvector.sql

-- Last, because it speaks about everything above
\ir operate/privileges.sql
