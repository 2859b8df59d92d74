-- The hash of a row, stored with its vector when the binding has a hash_key: by it a verify sees
-- other numbers without reading them.

create or replace function s3vl._hash_name()
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- PostgreSQL promises no more than that its hashes are the same within a major version.
    return format('1.%s', current_setting('server_version_num')::integer / 10000);
end;
$$;

comment on function s3vl._hash_name() is
    'Returns how hashes are made here: the number of the algorithm, and the version of PostgreSQL.';

create or replace function s3vl._with_hash(metadata jsonb, embedding real[], hash_key text)
    returns jsonb
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when jsonb_typeof(_with_hash.metadata) <> 'object' then _with_hash.metadata
        else _with_hash.metadata || jsonb_build_object(
            _with_hash.hash_key,
            s3vl._hash_name() || ':' || lpad(
                to_hex(
                    hash_record_extended(row(_with_hash.embedding, _with_hash.metadata)::record, 0)
                ),
                16,
                '0'
            )
        )
    end;
end;
$$;

comment on function s3vl._with_hash(jsonb, real[], text) is
    'Adds a hash of vector and metadata under its key.';

create or replace function s3vl._other_hash(stored jsonb, hash_key text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select nullif(
        coalesce(split_part(_other_hash.stored ->> _other_hash.hash_key, ':', 1), 'none'),
        s3vl._hash_name()
    )
    where _other_hash.hash_key is not null
$$;

comment on function s3vl._other_hash(jsonb, text) is
    'Returns how the hash that is stored was made; null when as it is made now, or when there is '
    'to be none.';
