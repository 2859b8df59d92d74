-- Which columns of which table are kept in which index: written by s3vl.bind_table(), as the owner
-- of the table has asked for. Triggers of the table read it, so nothing waits for a lock on it.
create table s3vl.binding (
    binding_id integer not null generated always as identity,
    binding_name text collate "C" not null,
    source regclass not null,
    index_arn text collate "C" not null,
    id_prefix text collate "C" not null,
    key_column name not null,
    key_attnum smallint not null,
    key_type regtype not null,
    embedding_column name not null,
    metadata_columns name[] not null,
    metadata_column name,
    compared_columns name[],
    row_query text not null,
    hash_key text,
    when_null text not null,
    content_columns name[] not null,
    embedded_hash_column name,
    when_stale text not null,
    is_paused boolean not null default false,
    is_ending boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint binding_pkey primary key (binding_id),
    constraint binding_binding_name_key unique (binding_name),
    constraint binding_index_arn_id_prefix_key unique (index_arn, id_prefix),
    constraint binding_when_null_known check (when_null in ('delete', 'keep')),
    constraint binding_when_stale_known check (when_stale in ('delete', 'keep'))
);

comment on table s3vl.binding is
    'Tables that are kept in step with an index. Written by s3vl.bind_table(); read it with '
    's3vl.list_bindings().';
comment on column s3vl.binding.binding_id is
    'Number of the binding, in the other tables of it.';
comment on column s3vl.binding.binding_name is
    'Name of the binding.';
comment on column s3vl.binding.source is
    'The table.';
comment on column s3vl.binding.index_arn is
    'The index, whatever its names are: s3vl.switch_index() moves names, and no bindings.';
comment on column s3vl.binding.id_prefix is
    'What stands before the key in an id of the index.';
comment on column s3vl.binding.key_column is
    'Column whose text is the rest of the id.';
comment on column s3vl.binding.key_attnum is
    'Number of that column, by which changes are noted while it has another name.';
comment on column s3vl.binding.key_type is
    'Type of that column, when the table was bound.';
comment on column s3vl.binding.embedding_column is
    'Column of the vector.';
comment on column s3vl.binding.metadata_columns is
    'Columns that are metadata keys.';
comment on column s3vl.binding.metadata_column is
    'Column of type jsonb with more metadata keys; those of metadata_columns win.';
comment on column s3vl.binding.compared_columns is
    'Columns of which a change is noted; null when all of the row is compared.';
comment on column s3vl.binding.row_query is
    'What of a row the triggers read, up to FROM: key and compared_columns, but not the vector.';
comment on column s3vl.binding.hash_key is
    'Non-filterable metadata key for a hash of vector and metadata; null for none.';
comment on column s3vl.binding.when_null is
    'What becomes of the vector of a row whose embedding is null: delete or keep.';
comment on column s3vl.binding.content_columns is
    'Columns that the vector is made from; empty when nobody has said.';
comment on column s3vl.binding.embedded_hash_column is
    'Column with s3vl.content_hash() of what the vector was made from.';
comment on column s3vl.binding.when_stale is
    'What becomes of a vector that was made from something else than its row has: delete or keep.';
comment on column s3vl.binding.is_paused is
    'True while s3vl.sync() leaves it alone; changes are noted all the same.';
comment on column s3vl.binding.is_ending is
    'True while s3vl.sync() deletes its vectors, after s3vl.unbind_table().';
comment on column s3vl.binding.created_at is
    'When the table was bound.';
comment on column s3vl.binding.updated_at is
    'When the binding was changed last.';

-- What has changed and is not in the index yet. Writers only insert, so that none waits for another
-- or for s3vl.sync(), which deletes what it has sent, mark by mark. Not keyed by the number alone:
-- on a promoted subscriber of logical replication the numbers begin again.
create table s3vl.outbox (
    binding_id integer not null,
    change bigint not null generated always as identity,
    noted_at timestamptz not null default clock_timestamp(),
    key text collate "C",
    constraint outbox_pkey primary key (binding_id, change, noted_at)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

comment on table s3vl.outbox is
    'Changes of bound tables that the index does not have yet. Written by triggers, in the '
    'transaction of the change; read it with s3vl.sync_backlog().';
comment on column s3vl.outbox.binding_id is
    'The binding.';
comment on column s3vl.outbox.change is
    'Number of the change. Transactions commit in another order.';
comment on column s3vl.outbox.noted_at is
    'When the change was made.';
comment on column s3vl.outbox.key is
    'Key of the row, as text; null after TRUNCATE, when any vector may have lost its row.';
