-- The queries of a hybrid search whose texts are in a table: two lists of the same rows.

create or replace function s3vl._check_text_query(query tsquery)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _check_text_query.query is null then
        raise exception using
            errcode = '22023',
            message = 'query is null',
            hint = 'Pass for example query => websearch_to_tsquery(''english'', ''red shoes'').';
    end if;
end;
$$;

comment on function s3vl._check_text_query(tsquery) is
    'Refuses to search for no text.';

create or replace function s3vl._hybrid_queries(
    query tsquery,
    source regclass,
    text_column name,
    key_column name,
    index_name text,
    index_arn text,
    top_k integer,
    vector_weight double precision,
    fusion text,
    candidates text,
    out texts text,
    out keys text,
    out share text
)
    stable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _key constant name := s3vl._hybrid_key(
        _hybrid_queries.source, _hybrid_queries.key_column collate "C"
    );
    _prefix constant text := s3vl._bound_prefix(
        _hybrid_queries.source,
        _key collate "C",
        case
            when _hybrid_queries.index_name is null then _hybrid_queries.index_arn collate "C"
            else (s3vl._named_index(_hybrid_queries.index_name collate "C")).index_arn
        end
    );
    _vector_id constant text := s3vl._vector_id(_prefix, _key);
    _among constant text := s3vl._among(
        _hybrid_queries.candidates, _hybrid_queries.source, _key
    );
    _source constant text := s3vl._relation(_hybrid_queries.source);
begin
    perform s3vl._check_range('top_k', _hybrid_queries.top_k, 1, 200);
    perform s3vl._check_text_query(_hybrid_queries.query);
    perform s3vl._check_fusion(
        _hybrid_queries.fusion collate "C", _hybrid_queries.vector_weight
    );
    perform s3vl._check_text_column(
        _hybrid_queries.source, _hybrid_queries.text_column collate "C"
    );
    -- Of several rows with a key, which a view may have, the best counts.
    _hybrid_queries.texts := format(
        'select %1$s::pg_catalog.text collate pg_catalog."C", '
        'pg_catalog.max(pg_catalog.ts_rank_cd(t.%3$I, $3))::pg_catalog.float8 '
        'from %4$s as t where t.%3$I operator(pg_catalog.@@) $3 and t.%2$I is not null %5$s '
        'group by 1 order by 2 desc, 1 limit $4',
        _vector_id,
        _key,
        _hybrid_queries.text_column,
        _source,
        _among
    );
    _hybrid_queries.keys := format(
        'select %s from %s as t where true %s', _vector_id, _source, _among
    );
    -- Less is better, as with a distance. A list whose values are all equal is all of it the best.
    _hybrid_queries.share := case _hybrid_queries.fusion
        when 'rrf' then
            's3vl.rrf_score(pg_catalog.row_number() over (order by %1$s, l.vector_id))'
        else
            'coalesce((pg_catalog.max(%1$s) over () operator(pg_catalog.-) (%1$s)) '
            'operator(pg_catalog./) nullif(pg_catalog.max(%1$s) over () '
            'operator(pg_catalog.-) pg_catalog.min(%1$s) over (), 0), 1)'
    end;
end;
$$;

comment on function s3vl._hybrid_queries(
    tsquery, regclass, name, name, text, text, integer, double precision, text, text
) is
    'Returns the query for the rows that a text matches, the one for the keys to search by vector, '
    'and the expression of what a hit is worth in its list, without the value that it goes by.';
