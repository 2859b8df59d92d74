-- Columns of a bound table as values of the index. Only columns, and no expressions: an expression
-- would run the code of whoever wrote it with the rights of the owner of s3vl.

create or replace function s3vl._column_type(source oid, column_name name)
    returns regtype
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select a.atttypid
    from pg_attribute as a
    where a.attrelid = _column_type.source
        and a.attname = _column_type.column_name
        and a.attnum > 0
$$;

comment on function s3vl._column_type(oid, name) is
    'Returns the type of a column of a table; null when there is none of this name.';

create or replace function s3vl._collate(source oid, column_name name)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(' collate %I.%I', n.nspname, l.collname)
    from pg_attribute as a
    inner join pg_collation as l on l.oid = a.attcollation
    inner join pg_namespace as n on n.oid = l.collnamespace
    where a.attrelid = _collate.source and a.attname = _collate.column_name collate "C"
$$;

comment on function s3vl._collate(oid, name) is
    'Returns what gives an expression the collation of a column, so that the two can be compared '
    'by the index of the column; null where its type has none.';

create or replace function s3vl._embedding_as_real(name name, type_oid oid)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when t.oid = 'real[]'::regtype then format('t.%I', _embedding_as_real.name)
        when t.oid = 'double precision[]'::regtype
            then format('s3vl._narrowed(t.%I)', _embedding_as_real.name)
        when t.typname in ('vector', 'halfvec') and exists (
            select
            from pg_depend as d
            inner join pg_extension as e on e.oid = d.refobjid
            where d.classid = 'pg_type'::regclass
                and d.objid = t.oid
                and d.refclassid = 'pg_extension'::regclass
                and d.deptype = 'e'
                and e.extname = 'vector'
        ) then format('t.%I::real[]', _embedding_as_real.name)
    end
    from pg_type as t
    where t.oid = _embedding_as_real.type_oid
$$;

comment on function s3vl._embedding_as_real(name, oid) is
    'Returns the expression of a column as a vector; null when its type is none of vectors.';

create or replace function s3vl._narrowed(embedding double precision[])
    returns real[]
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return _narrowed.embedding::real[];
exception
    when numeric_value_out_of_range then
        -- What is too large for 4 bytes becomes infinite, which is refused by name.
        return array(
            select case
                when abs(c.value) >= double precision '3.4028235677973366e38'
                    then sign(c.value) * double precision 'Infinity'
                when abs(c.value) > 7.006492321624085e-46 then c.value
                else 0
            end::real
            from unnest(_narrowed.embedding) with ordinality as c (value, position)
            order by c.position
        );
end;
$$;

comment on function s3vl._narrowed(double precision[]) is
    'Returns numbers as 4-byte floats, those that are too large as infinite.';

create or replace function s3vl._metadata_value(name name, type_oid oid)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        case
            when t.oid in (
                'text'::regtype, 'varchar'::regtype, 'char'::regtype, 'uuid'::regtype,
                'boolean'::regtype, 'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype
            ) then 't.%1$I'
            -- Not a cast: who owns an enum can make one to text, with a function of theirs.
            when t.typtype = 'e' then 'case when t.%1$I is not null then concat(t.%1$I) end'
            -- JSON has no number for them.
            when t.oid in ('real'::regtype, 'double precision'::regtype, 'numeric'::regtype)
                then 'nullif(nullif(nullif(t.%1$I, ''NaN''), ''Infinity''), ''-Infinity'')'
            when t.oid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
                then 'case when isfinite(t.%1$I) then trim_scale(extract(epoch from t.%1$I)) end'
            when t.oid in (
                'text[]'::regtype, 'varchar[]'::regtype, 'smallint[]'::regtype,
                'integer[]'::regtype, 'bigint[]'::regtype, 'real[]'::regtype,
                'double precision[]'::regtype, 'numeric[]'::regtype
            ) then 'nullif(array_remove(t.%1$I, null), ''{}'')'
        end,
        _metadata_value.name
    )
    from pg_type as t
    where t.oid = _metadata_value.type_oid
$$;

comment on function s3vl._metadata_value(name, oid) is
    'Returns the expression of a column as a metadata value; null when its type cannot be one.';

create or replace function s3vl._metadata(binding s3vl.binding)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        'jsonb_strip_nulls(coalesce(%s, ''{}'') || jsonb_build_object(%s))',
        coalesce(
            'nullif(t.' || quote_ident(_metadata.binding.metadata_column) || ', ''null'')',
            'null::jsonb'
        ),
        string_agg(
            format('%L, %s', c.name, s3vl._metadata_value(c.name, a.atttypid)), ', '
            order by c.position
        )
    )
    from unnest(_metadata.binding.metadata_columns) with ordinality as c (name, position)
    inner join pg_attribute as a on a.attrelid = _metadata.binding.source and a.attname = c.name
$$;

comment on function s3vl._metadata(s3vl.binding) is
    'Returns the expression of a row of a bound table as metadata.';
