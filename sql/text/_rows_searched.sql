-- What the queries have in common that search the rows of a table, t in them, for their caller.

create or replace function s3vl._vector_id(id_prefix text, key_column name)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Without a prefix in the type of the key, so that its index is used.
    select case
        when _vector_id.id_prefix = '' then format('t.%I', _vector_id.key_column)
        else format(
            'pg_catalog.concat(%L::pg_catalog.text, t.%I)',
            _vector_id.id_prefix,
            _vector_id.key_column
        )
    end
$$;

comment on function s3vl._vector_id(text, name) is
    'Returns the expression of a row''s id in the index.';

create or replace function s3vl._among(candidates text, source regclass, key_column name)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- With the collation of the key, whatever that of the candidates is: PostgreSQL compares no
    -- columns of two collations.
    select case
        when _among.candidates is not null then format(
            E'and exists (select from (%s\n) as c ("s3vl key") '
            'where c."s3vl key" operator(pg_catalog.=) t.%I%s)',
            _among.candidates,
            _among.key_column,
            s3vl._collate(_among.source, _among.key_column)
        )
    end
$$;

comment on function s3vl._among(text, regclass, name) is
    'Returns the condition that a row is among those of the caller''s query; null without one.';

create or replace function s3vl._relation(source regclass)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- As a text it has its schema only where it is not found without, and here a temporary table
    -- is: the search_path of the caller may find another of its name.
    select format('%I.%I', n.nspname, c.relname)
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = _relation.source
$$;

comment on function s3vl._relation(regclass) is
    'Returns the name of a relation as it is understood under any search_path.';
