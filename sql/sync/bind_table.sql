-- Binding tables. These functions run as their caller, because triggers and rights are the table
-- owner's to give; what they change in s3vl itself is behind functions that check what came of it.

create or replace function s3vl.bind_table(
    source regclass,
    index_name text,
    embedding_column name,
    key_column name default null,
    metadata_columns name[] default null,
    metadata_column name default null,
    binding_name text default null,
    id_prefix text default null,
    hash_key text default null,
    backfill boolean default true,
    when_null text default 'delete',
    content_columns name[] default null,
    embedded_hash_column name default null,
    when_stale text default 'keep'
)
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Who writes to the table waits behind this. In a session with a limit of its own too.
    set lock_timeout = '5s'
as $$
declare
    _definition constant jsonb := jsonb_build_object(
        'source', bind_table.source::oid::text,
        'index_name', bind_table.index_name,
        'embedding_column', bind_table.embedding_column,
        'key_column', bind_table.key_column,
        'metadata_columns', coalesce(bind_table.metadata_columns, '{}'),
        'metadata_column', bind_table.metadata_column,
        'binding_name', bind_table.binding_name,
        'id_prefix', coalesce(bind_table.id_prefix, ''),
        'hash_key', bind_table.hash_key,
        'when_null', coalesce(bind_table.when_null, 'null'),
        'content_columns', coalesce(bind_table.content_columns, '{}'),
        'embedded_hash_column', bind_table.embedded_hash_column,
        'when_stale', coalesce(bind_table.when_stale, 'null')
    );
    _statement text;
begin
    foreach _statement in array s3vl._prepare_binding(_definition) loop
        execute _statement;
    end loop;
    return s3vl._save_binding(_definition, bind_table.backfill is not false);
exception
    when lock_not_available then
        raise exception using
            errcode = '55P03',
            message = format('table %s could not be locked within 5 seconds', bind_table.source),
            detail = sqlerrm,
            hint = 'A transaction that has changed the table is open, and others would wait behind '
                'this one. Try again when it has ended: select * from pg_stat_activity where '
                'state = ''idle in transaction'';';
end;
$$;

comment on function s3vl.bind_table(
    regclass, text, name, name, name[], name, text, text, text, boolean, text, name[], name, text
) is
    'Binds a table to an index. From then on triggers note every committed change, and s3vl.sync() '
    'sends it. The id of a vector is id_prefix and the text of the key; key_column is the primary '
    'key when it is left out. embedding_column is real[], double precision[], or vector or halfvec '
    'of pgvector. metadata_columns become metadata keys: texts, numbers, booleans, uuids, enums, '
    'arrays of texts or numbers, and dates and timestamps as seconds since 1970 (those without a '
    'time zone as UTC); metadata_column is a jsonb column with more keys. What is null is left '
    'out. hash_key names a non-filterable key for a hash of the row. backfill => false leaves the '
    'rows that are there out. when_null says what becomes of the vector when the embedding is '
    'null: delete, or keep, which only brings the metadata up to date. content_columns are those '
    'that the vector is made from, for s3vl.rows_to_embed(), and embedded_hash_column has '
    's3vl.content_hash() of them as they were then. With when_stale => ''delete'', a vector whose '
    'row has another content is deleted until it is made again; keep leaves it. Returns '
    'binding_name, which is the name of the table when it is left out. The caller owns the table; '
    'the owner of s3vl gets SELECT on the columns. Raises 22023, 23505, 25001, 42501, 42703, '
    '42704, 42710, 42804, 42809 and 55P03.';

create or replace function s3vl.alter_binding(
    binding_name text,
    embedding_column name default null,
    metadata_columns name[] default null,
    metadata_column name default null,
    hash_key text default null,
    when_null text default null,
    key_column name default null,
    backfill boolean default true,
    content_columns name[] default null,
    embedded_hash_column name default null,
    when_stale text default null
)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '5s'
as $$
declare
    _definition constant jsonb := jsonb_build_object(
        'is_change', true,
        'binding_name', alter_binding.binding_name,
        'embedding_column', alter_binding.embedding_column,
        'metadata_columns', alter_binding.metadata_columns,
        'metadata_column', alter_binding.metadata_column,
        'hash_key', alter_binding.hash_key,
        'when_null', alter_binding.when_null,
        'key_column', alter_binding.key_column,
        'content_columns', alter_binding.content_columns,
        'embedded_hash_column', alter_binding.embedded_hash_column,
        'when_stale', alter_binding.when_stale
    );
    _statement text;
begin
    foreach _statement in array s3vl._prepare_binding(_definition) loop
        execute _statement;
    end loop;
    perform s3vl._save_binding(_definition, alter_binding.backfill is not false);
    return true;
end;
$$;

comment on function s3vl.alter_binding(
    text, name, name[], name, text, text, name, boolean, name[], name, text
) is
    'Changes what a binding sends. No change of the table is lost; returns true. What is null '
    'stays as it is; an empty metadata_column, hash_key or embedded_hash_column takes it away, and '
    'so does an empty array of metadata_columns or content_columns. All rows are sent again, '
    'unless backfill is false; the vector of a row that is to have none any more stays until '
    's3vl.start_verify() with repair deletes it. The caller owns the table. Raises 42704 for an '
    'unknown binding, 55000 for one that is ending, and what s3vl.bind_table() does.';

create or replace function s3vl.unbind_table(
    binding_name text,
    delete_vectors boolean default false
)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '5s'
as $$
declare
    _statement text;
begin
    foreach _statement in array s3vl._prepare_unbinding(unbind_table.binding_name) loop
        execute _statement;
    end loop;
    return s3vl._end_binding(unbind_table.binding_name, unbind_table.delete_vectors is true);
end;
$$;

comment on function s3vl.unbind_table(text, boolean) is
    'Ends a binding. It returns true. Its triggers are dropped, and changes that were not sent '
    'yet are forgotten. The vectors stay, or with delete_vectors are deleted by the next calls of '
    's3vl.sync(), and the binding is listed until then. The caller owns the table, if it is still '
    'there. Raises 42704 for an unknown binding, 42501, and 55P03 while a transaction that has '
    'changed the table is open.';
