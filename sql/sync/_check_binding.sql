-- The checks of a binding together: the first that fails raises, with what to do about it.

create or replace function s3vl._raise_source(
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
        errcode = _raise_source.errcode,
        message = format(
            'table %s cannot be kept in step: %s',
            _raise_source.binding.source,
            _raise_source.problem
        ),
        hint = _raise_source.hint;
end;
$$;

comment on function s3vl._raise_source(s3vl.binding, text, text, text) is
    'Raises what is wrong with the table of a binding.';

create or replace function s3vl._content_columns(binding s3vl.binding)
    returns name[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array_remove(
        _content_columns.binding.content_columns || _content_columns.binding.embedded_hash_column,
        null
    )
$$;

comment on function s3vl._content_columns(s3vl.binding) is
    'Returns the columns that tell whether a row is to be embedded.';

create or replace function s3vl._used_columns(binding s3vl.binding)
    returns name[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The content only where a vector is deleted for it.
    select array(
        select c.name
        from unnest(
            array[
                _used_columns.binding.key_column,
                _used_columns.binding.embedding_column,
                _used_columns.binding.metadata_column
            ]
            || _used_columns.binding.metadata_columns
            || case when _used_columns.binding.when_stale = 'delete'
                then s3vl._content_columns(_used_columns.binding) end
        ) with ordinality as c (name, position)
        where c.name is not null
        group by c.name
        order by min(c.position)
    )
$$;

comment on function s3vl._used_columns(s3vl.binding) is
    'Returns the columns that a binding reads.';

create or replace function s3vl._check_columns(binding s3vl.binding, index s3vl.index_registry)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := _check_columns.binding;
    _problem text;
    _missing name;
begin
    _problem := s3vl._relation_problem(_binding.source);
    if _problem is not null then
        perform s3vl._raise_source(
            _binding, '42809', _problem, 'Bind an ordinary or a partitioned table.'
        );
    elsif not exists (select from pg_class as c where c.oid = _binding.source) then
        perform s3vl._raise_source(
            _binding, '42P01', 'it does not exist any more',
            format('Type: select s3vl.unbind_table(%L);', _binding.binding_name)
        );
    end if;
    _missing := (
        select u.name
        from unnest(
            s3vl._used_columns(_binding) || s3vl._content_columns(_binding)
        ) with ordinality as u (name, position)
        left join pg_attribute as a
            on a.attrelid = _binding.source and a.attname = u.name and a.attnum > 0
        where a.attname is null
        order by u.position
        limit 1
    );
    if _missing is not null then
        perform s3vl._raise_source(
            _binding, '42703', format('column %I does not exist', _missing),
            format(
                'Name a column that the table has. If the binding exists, change it: '
                'select s3vl.alter_binding(%L, <argument> => ''<column>'');',
                _binding.binding_name
            )
        );
    end if;
    _problem := coalesce(
        s3vl._key_problem(_binding.source, _binding.key_column),
        (
            select s3vl._column_problem(
                _binding, a.attname, a.atttypid, a.atttypmod, _check_columns.index
            )
            from pg_attribute as a
            where a.attrelid = _binding.source
                and a.attname = any(
                    s3vl._used_columns(_binding) || s3vl._content_columns(_binding)
                )
            order by 1
            limit 1
        )
    );
    if _problem is not null then
        perform s3vl._raise_source(
            _binding, '42804', _problem,
            'Bind other columns, or add a generated column of a type that can be bound.'
        );
    end if;
end;
$$;

comment on function s3vl._check_columns(s3vl.binding, s3vl.index_registry) is
    'Refuses a table, or columns of it, that cannot be kept in step.';

create or replace function s3vl._check_rights(binding s3vl.binding)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := _check_rights.binding;
    _schema regnamespace := (
        select c.relnamespace::regnamespace from pg_class as c where c.oid = _binding.source
    );
begin
    if not has_schema_privilege(_schema, 'usage') or exists (
        select
        from unnest(s3vl._used_columns(_binding)) as u (name)
        where not has_column_privilege(_binding.source, u.name::text, 'select')
    ) then
        perform s3vl._raise_source(
            _binding, '42501', format('role %I, which owns s3vl, may not read it', current_user),
            format(
                'As its owner type: grant usage on schema %s to %I; grant select (%s) on %s to '
                '%2$I;',
                _schema,
                current_user,
                (
                    select string_agg(quote_ident(u.name), ', ' order by u.position)
                    from unnest(s3vl._used_columns(_binding)) with ordinality as u (name, position)
                ),
                _binding.source
            )
        );
    -- What a policy hides would be taken for deleted.
    elsif row_security_active(_binding.source) then
        perform s3vl._raise_source(
            _binding, '42501',
            format('row security hides rows of it from role %I, which owns s3vl', current_user),
            'A policy for some rows cannot be told from deleted rows. Disable row security on it, '
            'or give that role BYPASSRLS, or the table to it without FORCE ROW LEVEL SECURITY.'
        );
    end if;
end;
$$;

comment on function s3vl._check_rights(s3vl.binding) is
    'Refuses a table of which the owner of s3vl may not read all rows.';
