-- Whether a table can be kept in step: asked when it is bound, and in each turn of s3vl.sync(),
-- since a table changes afterwards.

create or replace function s3vl._relation_problem(source oid)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when c.relkind = 'v' then 'it is a view; bind the table that it shows'
        when c.relkind = 'm' then 'it is a materialized view, which has no triggers'
        when c.relkind = 'f' then 'it is a foreign table; bind it where it is stored'
        when c.relkind not in ('r', 'p') then 'it is not a table'
        when c.relpersistence = 't' then 'it is temporary, so that no other session sees it'
        when c.relnamespace in ('pg_catalog'::regnamespace, 's3vl'::regnamespace)
            then 'it belongs to the system'
        when not c.relispartition and c.relkind = 'r' and exists (
            select from pg_inherits as i where c.oid in (i.inhrelid, i.inhparent)
        ) then 'it is part of an inheritance tree, of which no trigger sees all changes'
    end
    from pg_class as c
    where c.oid = _relation_problem.source
$$;

comment on function s3vl._relation_problem(oid) is
    'Says why a relation cannot be bound; null when it can, and when there is none.';

create or replace function s3vl._key_problem(source oid, key_column name)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when not exists (select from s3vl._key_types() as k where k.type_name = a.atttypid)
            then format(
                'key column %I has type %s; a key is of type smallint, integer, bigint, uuid, text '
                'or varchar', a.attname, format_type(a.atttypid, a.atttypmod)
            )
        when not l.collisdeterministic then format(
            'key column %I has a collation in which different texts are equal', a.attname
        )
        when not a.attnotnull then format('key column %I may be null', a.attname)
        when not exists (
            select
            from pg_index as i
            where i.indrelid = a.attrelid
                and i.indisunique
                and i.indisvalid
                and i.indimmediate
                and i.indnkeyatts = 1
                and i.indkey[0] = a.attnum
                and i.indpred is null
        ) then format('key column %I is not unique by itself', a.attname)
    end
    from pg_attribute as a
    left join pg_collation as l on l.oid = a.attcollation
    where a.attrelid = _key_problem.source and a.attname = _key_problem.key_column
$$;

comment on function s3vl._key_problem(oid, name) is
    'Says why a column cannot be the key; null when it can.';

create or replace function s3vl._column_problem(
    binding s3vl.binding,
    name name,
    type_oid oid,
    type_modifier integer,
    index s3vl.index_registry
)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when c.name = c.embedding_column and s3vl._embedding_as_real(c.name, c.type_oid) is null
            then format(
                'embedding column %I has type %s; a vector is real[], double precision[], or '
                'vector or halfvec of pgvector', c.name, c.type
            )
        when c.name = c.embedding_column and c.type ~ '^.*vec' and c.type_modifier > 0
            and c.type_modifier <> _column_problem.index.dimension then format(
                'embedding column %I has %s dimensions, index "%s" has %s',
                c.name, c.type_modifier, _column_problem.index.index_name,
                _column_problem.index.dimension
            )
        when c.name = c.embedded_hash_column and c.type not in ('text', 'character varying')
            then format('embedded_hash_column %I has type %s and not text', c.name, c.type)
        -- Types of others may bring functions of theirs: not for the owner of s3vl to run.
        when c.name = any(_column_problem.binding.content_columns) and not exists (
            select
            from pg_type as t
            where t.oid = _column_problem.type_oid
                and t.typnamespace = 'pg_catalog'::regnamespace
                and t.typtype <> 'p'
        ) then format(
            'content column %I has type %s, which is none of PostgreSQL''s own', c.name, c.type
        )
        when c.name = c.metadata_column and c.type <> 'jsonb'
            then format('metadata_column %I has type %s and not jsonb', c.name, c.type)
        when c.name = any(_column_problem.binding.metadata_columns)
            and s3vl._metadata_value(c.name, c.type_oid) is null then format(
                'metadata column %I has type %s; metadata is text, number, boolean, uuid, date, '
                'timestamp, an enum, or an array of texts or numbers', c.name, c.type
            )
    end
    from (
        select
            _column_problem.name,
            _column_problem.type_oid,
            _column_problem.type_modifier,
            format_type(_column_problem.type_oid, null) as type,
            _column_problem.binding.embedding_column,
            _column_problem.binding.metadata_column,
            _column_problem.binding.embedded_hash_column
    ) as c
$$;

comment on function s3vl._column_problem(
    s3vl.binding, name, oid, integer, s3vl.index_registry
) is
    'Says why a column cannot be what the binding makes of it; null when it can.';
