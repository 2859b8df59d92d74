-- Two tiers of one table: rows that have their embedding are hot and searched by pgvector, the
-- others are cold and searched in the index. The table alone says where a row stands, so that a
-- row which is in both is found once, and a row that moves is found at every moment.

create or replace function s3vl._tiered_binding(
    source regclass,
    embedding_column name,
    index s3vl.index_registry
)
    returns s3vl.binding
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding;
begin
    select b.*
    into _binding
    from s3vl.binding as b
    where b.source = _tiered_binding.source
        and b.embedding_column = _tiered_binding.embedding_column
        and b.index_arn = _tiered_binding.index.index_arn
        and not b.is_ending
    order by b.binding_id
    limit 1;
    if not found then
        raise exception using
            errcode = '42704',
            message = format(
                'column %I of table %s is not bound to index "%s"',
                _tiered_binding.embedding_column,
                coalesce(_tiered_binding.source::text, 'null'),
                _tiered_binding.index.index_name
            ),
            hint = 'See s3vl.list_bindings(), or bind it with s3vl.bind_table().';
    end if;
    return _binding;
end;
$$;

comment on function s3vl._tiered_binding(regclass, name, s3vl.index_registry) is
    'Returns the binding that keeps a column in an index.';

create or replace function s3vl._vector_type(binding s3vl.binding)
    returns table (type_name text, schema_name text, dimension integer)
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select t.typname::text, n.nspname::text, nullif(a.atttypmod, -1)
    from pg_attribute as a
    inner join pg_type as t on t.oid = a.atttypid
    inner join pg_namespace as n on n.oid = t.typnamespace
    where a.attrelid = _vector_type.binding.source
        and a.attname = _vector_type.binding.embedding_column
        and t.typname in ('vector', 'halfvec');
    if not found then
        perform s3vl._raise_tier(
            _vector_type.binding, '42804', 'its type is none of pgvector',
            'pgvector searches the rows that are hot. Give the column the type vector or halfvec.'
        );
    end if;
end;
$$;

comment on function s3vl._vector_type(s3vl.binding) is
    'Returns the type of pgvector that the embedding of a binding has, its schema, and its '
    'dimension where the column has one.';

create or replace function s3vl._raise_tier(
    binding s3vl.binding,
    errcode text,
    problem text,
    hint text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = _raise_tier.errcode,
        message = format(
            'column %I of table %s cannot be tiered: %s',
            _raise_tier.binding.embedding_column,
            _raise_tier.binding.source,
            _raise_tier.problem
        ),
        hint = _raise_tier.hint;
end;
$$;

comment on function s3vl._raise_tier(s3vl.binding, text, text, text) is
    'Raises why a column cannot have two tiers.';
