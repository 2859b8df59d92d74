-- What is bound.

create or replace function s3vl.list_bindings()
    returns table (
        binding_name text,
        source text,
        index_name text,
        id_prefix text,
        key_column name,
        embedding_column name,
        metadata_columns name[],
        metadata_column name,
        hash_key text,
        when_null text,
        is_paused boolean,
        created_at timestamptz,
        updated_at timestamptz,
        content_columns name[],
        embedded_hash_column name,
        when_stale text
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        b.binding_name,
        b.source::text,
        (s3vl._bound_index(b)).index_name,
        b.id_prefix,
        b.key_column,
        b.embedding_column,
        b.metadata_columns,
        b.metadata_column,
        b.hash_key,
        b.when_null,
        b.is_paused,
        b.created_at,
        b.updated_at,
        b.content_columns,
        b.embedded_hash_column,
        b.when_stale
    from s3vl.binding as b
    order by b.binding_name;
end;
$$;

comment on function s3vl.list_bindings() is
    'Lists bound tables. Each has its index and its columns. A table that was dropped is listed '
    'by its number. No Lambda call.';
