-- Checks of a definition against the index and the other bindings.

create or replace function s3vl._check_prefix(binding s3vl.binding, index s3vl.index_registry)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _prefix constant text := _check_prefix.binding.id_prefix;
    _other record;
begin
    -- Ids of two bindings meet when the longer prefix goes on as a key of the other could begin.
    select o.binding_name, o.id_prefix
    into _other
    from s3vl.binding as o
    cross join lateral (
        select
            least(length(o.id_prefix), length(_prefix)) as shared,
            case when length(o.id_prefix) < length(_prefix)
                then o.source else _check_prefix.binding.source end as shorter,
            case when length(o.id_prefix) < length(_prefix)
                then o.key_column else _check_prefix.binding.key_column end as key_column,
            substr(
                case when length(o.id_prefix) < length(_prefix) then _prefix else o.id_prefix end,
                least(length(o.id_prefix), length(_prefix)) + 1
            ) as rest
    ) as p
    left join pg_attribute as a on a.attrelid = p.shorter and a.attname = p.key_column
    where o.index_arn = _check_prefix.index.index_arn
        and o.binding_name <> _check_prefix.binding.binding_name
        and left(o.id_prefix, p.shared) = left(_prefix, p.shared)
        and (
            p.rest ~ '^[-0-9a-f]*$'
            or coalesce(a.atttypid, 'text'::regtype) in ('text'::regtype, 'varchar'::regtype)
        )
    limit 1;
    if found then
        raise exception using
            errcode = '23505',
            message = format(
                'ids with id_prefix "%s" could be those of binding "%s" in the same index',
                s3vl._shown(_prefix),
                _other.binding_name
            ),
            detail = format('Its id_prefix is "%s".', s3vl._shown(_other.id_prefix)),
            hint = 'Pass another id_prefix, for example id_prefix => ''products/'', or bind to an '
                'index of its own.';
    end if;
end;
$$;

comment on function s3vl._check_prefix(s3vl.binding, s3vl.index_registry) is
    'Refuses a prefix under which two bindings would write the same ids.';

create or replace function s3vl._length_problem(
    binding s3vl.binding,
    index s3vl.index_registry
)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        'metadata column %I is %s, and S3 Vectors takes %s bytes of a %s key',
        a.attname,
        format_type(a.atttypid, a.atttypmod),
        l.bytes,
        l.kind
    )
    from pg_attribute as a
    inner join (values (2048, 'filterable'), (40960, 'non-filterable')) as l (bytes, kind)
        -- What nobody has asked about may be any.
        on (l.kind = 'non-filterable') = coalesce(
            a.attname::text = any((_length_problem.index).non_filterable_keys), true
        )
    where a.attrelid = (_length_problem.binding).source
        and a.attname = any((_length_problem.binding).metadata_columns)
        and a.atttypid in ('varchar'::regtype, 'bpchar'::regtype)
        -- The number behind the type, and four.
        and a.atttypmod - 4 > l.bytes
    order by a.attnum
    limit 1
$$;

comment on function s3vl._length_problem(s3vl.binding, s3vl.index_registry) is
    'Says which metadata column is declared longer than its key may be; null when none is.';

create or replace function s3vl._check_metadata_keys(
    binding s3vl.binding,
    index s3vl.index_registry
)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := _check_metadata_keys.binding;
    _keys constant text[] := _check_metadata_keys.index.non_filterable_keys;
    _problem text := case
        when _binding.when_null not in ('delete', 'keep')
            then 'when_null must be delete or keep, got ' || quote_ident(_binding.when_null)
        when _binding.when_stale not in ('delete', 'keep')
            then 'when_stale must be delete or keep, got ' || quote_ident(_binding.when_stale)
        when _binding.when_stale = 'delete' and _binding.when_null = 'keep'
            then 'when_stale is delete, and when_null is keep'
        when _binding.when_stale = 'delete' and (
            _binding.embedded_hash_column is null or _binding.content_columns = '{}'
        ) then 'when_stale is delete, without content_columns and embedded_hash_column'
        when array_position(_binding.content_columns, null) is not null
            then 'content_columns holds a null'
        when cardinality(_binding.metadata_columns) > 50 then format(
            'metadata_columns has %s columns, S3 Vectors takes 50 keys',
            cardinality(_binding.metadata_columns)
        )
        when array_position(_binding.metadata_columns, null) is not null
            then 'metadata_columns holds a null'
        when _binding.hash_key = any(_binding.metadata_columns::text[])
            then format('hash_key "%s" is a metadata column too', s3vl._shown(_binding.hash_key))
        when _binding.hash_key is not null and _binding.hash_key <> all(_keys) then format(
            'hash_key "%s" is filterable in index "%s"',
            s3vl._shown(_binding.hash_key), _check_metadata_keys.index.index_name
        )
        when octet_length(_binding.id_prefix) > 900
            then format('id_prefix has %s bytes', octet_length(_binding.id_prefix))
        else s3vl._length_problem(_binding, _check_metadata_keys.index)
    end;
begin
    if _problem is not null then
        raise exception using
            errcode = '22023',
            message = _problem,
            hint = case
                when _problem ~ '^when_null'
                    then 'When the embedding of a row is null, delete removes its vector from the '
                        'index, and keep leaves it there.'
                when _problem ~ '^when_stale' then 'With delete, a row with another content loses '
                    'its vector until it is embedded again: that takes content_columns, '
                    'embedded_hash_column, and when_null => ''delete''.'
                when _problem ~ '^content_columns' then 'Name the columns that the text is made '
                    'from.'
                when _problem ~ '^hash_key' then 'Name a non-filterable metadata key that is for '
                    'this alone, or leave hash_key out: see s3vl.describe_index().'
                when _problem ~ '^id_prefix' then 'An id has 1,024 bytes at most: pass a short one.'
                when _problem ~ '^metadata column ' then 'Create the index with it among '
                    'non_filterable_keys, or bind a column generated from its beginning.'
                else 'Name columns that are to be metadata keys.'
            end;
    end if;
end;
$$;

comment on function s3vl._check_metadata_keys(s3vl.binding, s3vl.index_registry) is
    'Refuses what no row could be stored with.';
