-- What s3vl.bind_table() and s3vl.alter_binding() are told, as a binding that was checked.

create or replace function s3vl._check_binding_name(binding_name text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name constant text := _check_binding_name.binding_name;
begin
    -- Triggers are named after it, and names have 63 bytes.
    if octet_length(_name) between 1 and 48 is not true or s3vl._hidden_character(_name) <> '' then
        raise exception using
            errcode = '22023',
            message = format(
                'binding_name must have 1 to 48 bytes, all of them visible, got %s',
                coalesce('"' || s3vl._shown(_name) || '"', 'null')
            ),
            hint = 'Pass any text that is easy to type, for example binding_name => ''docs''.';
    end if;
end;
$$;

comment on function s3vl._check_binding_name(text) is
    'Refuses a name that a binding cannot have.';

create or replace function s3vl._primary_key(binding s3vl.binding)
    returns name
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _columns constant name[] := array(
        select a.attname
        from pg_index as i
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        where i.indrelid = _primary_key.binding.source and i.indisprimary
    );
begin
    if cardinality(_columns) <> 1 then
        perform s3vl._raise_source(
            _primary_key.binding, '42804',
            case cardinality(_columns)
                when 0 then 'it has no primary key'
                else format('its primary key has %s columns', cardinality(_columns))
            end,
            'Name a column that is unique and not null as key_column; with several, add one that '
            'is generated from them.'
        );
    end if;
    return _columns[1];
end;
$$;

comment on function s3vl._primary_key(s3vl.binding) is
    'Returns the one column of the primary key of a table.';

create or replace function s3vl._with_attributes(binding s3vl.binding)
    returns s3vl.binding
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := _with_attributes.binding;
    _key record;
begin
    select a.attnum, a.atttypid::regtype as type
    into _key
    from pg_attribute as a
    where a.attrelid = _binding.source and a.attname = _binding.key_column;
    _binding.key_attnum := _key.attnum;
    _binding.key_type := _key.type;
    _binding.compared_columns := array_remove(
        s3vl._used_columns(_binding), _binding.key_column
    );
    -- A column that is computed when it is read is null in a trigger.
    if exists (
        select
        from pg_attribute as a
        where a.attrelid = _binding.source
            and a.attname = any(_binding.compared_columns)
            and a.attgenerated = 'v'
    ) then
        _binding.compared_columns := null;
    end if;
    _binding.row_query := format(
        'select concat(%I) as key%s from ',
        _binding.key_column,
        case when _binding.compared_columns is null then ', *' else (
            select string_agg(', ' || quote_ident(c.name), '')
            from unnest(_binding.compared_columns) as c (name)
            where c.name <> _binding.embedding_column
        ) end
    );
    return _binding;
end;
$$;

comment on function s3vl._with_attributes(s3vl.binding) is
    'Returns a binding with what its triggers need to know of its columns.';

create or replace function s3vl._digest(binding s3vl.binding)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select encode(
        sha256(
            convert_to(
                jsonb_build_array(
                    _digest.binding.binding_name,
                    _digest.binding.index_arn,
                    _digest.binding.id_prefix,
                    _digest.binding.metadata_columns,
                    _digest.binding.metadata_column,
                    _digest.binding.key_column,
                    _digest.binding.embedding_column,
                    _digest.binding.hash_key,
                    _digest.binding.when_null,
                    _digest.binding.content_columns,
                    _digest.binding.embedded_hash_column,
                    _digest.binding.when_stale
                )::text,
                'UTF8'
            )
        ),
        'hex'
    )
$$;

comment on function s3vl._digest(s3vl.binding) is
    'Returns the sum over a definition, which the triggers carry: only who owns the table can make '
    'them, and so nobody else can have other columns of it sent.';

create or replace function s3vl._defined(definition jsonb)
    returns s3vl.binding
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _definition constant jsonb := _defined.definition;
    _binding s3vl.binding;
    _index s3vl.index_registry;
    _missing text;
begin
    if (_definition ->> 'is_change')::boolean then
        _binding := s3vl._lasting_binding(_definition ->> 'binding_name');
        _binding := jsonb_populate_record(_binding, jsonb_strip_nulls(_definition));
        _index := s3vl._registered_arn(_binding.index_arn);
    else
        _binding := jsonb_populate_record(null::s3vl.binding, _definition);
        _missing := case
            when _binding.source is null then 'source'
            when _binding.embedding_column is null then 'embedding_column'
        end;
        if _missing is not null then
            raise exception using
                errcode = '22023',
                message = _missing || ' is null',
                hint = 'Pass a table, a registered index and the column of the vectors, for '
                    'example: select s3vl.bind_table(''docs'', ''docs'', ''embedding'');';
        end if;
        _index := s3vl._registered_index(_definition ->> 'index_name');
        _binding.index_arn := _index.index_arn;
        _binding.binding_name := coalesce(
            _binding.binding_name,
            (select c.relname from pg_class as c where c.oid = _binding.source)
        );
        perform s3vl._check_binding_name(_binding.binding_name);
    end if;
    _binding.metadata_column := nullif(_binding.metadata_column, '');
    _binding.hash_key := nullif(_binding.hash_key, '');
    _binding.embedded_hash_column := nullif(_binding.embedded_hash_column, '');
    perform s3vl._check_metadata_keys(_binding, _index);
    if _binding.key_column is null and s3vl._relation_problem(_binding.source) is null then
        _binding.key_column := s3vl._primary_key(_binding);
    end if;
    perform s3vl._check_columns(_binding, _index);
    perform s3vl._check_prefix(_binding, _index);
    return s3vl._with_attributes(_binding);
end;
$$;

comment on function s3vl._defined(jsonb) is
    'Returns the binding that a definition describes, new or changed, or refuses it.';
