-- What a hybrid search is told whose texts are in a table.

create or replace function s3vl._hybrid_key(source regclass, key_column name)
    returns name
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Of a primary key of several columns none is the key.
    _key constant name := coalesce(_hybrid_key.key_column, (
        select a.attname
        from pg_index as i
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = _hybrid_key.source and i.indisprimary and i.indnkeyatts = 1
    ));
    _type constant regtype := s3vl._column_type(_hybrid_key.source, _key);
begin
    if exists (select from s3vl._key_types() as k where k.type_name = _type) then
        return _key;
    end if;
    raise exception using
        errcode = case when _key is null or _type is not null then '42804' else '42703' end,
        message = case
            when _key is null then format(
                'table %s has no primary key of one column',
                coalesce(_hybrid_key.source::text, 'null')
            )
            when _type is null
                then format('table %s has no column %I', _hybrid_key.source, _key)
            else format(
                'key column %I of table %s has the type %s', _key, _hybrid_key.source, _type
            )
        end,
        hint = 'Pass the column whose texts are the ids of the index as key_column: of type '
            'smallint, integer, bigint, uuid, text or varchar.';
end;
$$;

comment on function s3vl._hybrid_key(regclass, name) is
    'Returns the column that is the key of a table, or refuses it.';

create or replace function s3vl._check_text_column(source regclass, text_column name)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _type constant regtype := s3vl._column_type(
        _check_text_column.source, _check_text_column.text_column
    );
begin
    if _type = 'tsvector'::regtype then
        return;
    end if;
    raise exception using
        errcode = case when _type is null then '42703' else '42804' end,
        message = case
            when _type is null then format(
                'table %s has no column %s',
                _check_text_column.source,
                coalesce(quote_ident(_check_text_column.text_column), 'null')
            )
            else format(
                'text column %I of table %s has the type %s and not tsvector',
                _check_text_column.text_column,
                _check_text_column.source,
                _type
            )
        end,
        hint = format(
            'Add one, and an index on it: alter table %s add column tsv tsvector '
            'generated always as (to_tsvector(''english'', content)) stored;',
            _check_text_column.source
        );
end;
$$;

comment on function s3vl._check_text_column(regclass, name) is
    'Refuses a column that is no tsvector.';

create or replace function s3vl._check_fusion(fusion text, vector_weight double precision)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _check_fusion.fusion in ('rrf', 'weighted') is not true then
        raise exception using
            errcode = '22023',
            message = format(
                'fusion must be rrf or weighted, got %s',
                coalesce('"' || s3vl._shown(_check_fusion.fusion) || '"', 'null')
            ),
            hint = 'Leave fusion out to have ranks fused (rrf).';
    end if;
    if _check_fusion.vector_weight between 0 and 1 is not true then
        raise exception using
            errcode = '22023',
            message = format(
                'vector_weight must be between 0 and 1, got %s',
                coalesce(_check_fusion.vector_weight::text, 'null')
            ),
            hint = 'The text has the weight 1 - vector_weight: pass for example '
                'vector_weight => 0.5.';
    end if;
end;
$$;

comment on function s3vl._check_fusion(text, double precision) is
    'Refuses a fusion that there is not, and a weight out of its range.';

create or replace function s3vl._bound_prefix(
    source regclass,
    key_column name,
    index_arn text
)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce((
        select b.id_prefix
        from s3vl.binding as b
        where b.source = _bound_prefix.source
            and b.key_column = _bound_prefix.key_column
            and b.index_arn = _bound_prefix.index_arn
            and not b.is_ending
        order by b.binding_id
        limit 1
    ), '')
$$;

comment on function s3vl._bound_prefix(regclass, name, text) is
    'Returns what the ids in the index have before the key, as the binding of the table says; '
    'nothing where it is not bound.';
