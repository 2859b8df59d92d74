-- Hybrid search whose texts are in a table. It runs as its caller, whose rights and row security
-- decide which rows there are, and whose search_path the text of the candidates is read by: so
-- nothing of its own may depend on that.

create or replace function s3vl.query_hybrid_local(
    query_vector double precision[],
    query tsquery,
    source regclass,
    text_column name,
    key_column name default null,
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    vector_weight double precision default 0.5,
    fusion text default 'rrf',
    candidates text default null,
    parameters jsonb default null,
    expected_model text default null
)
    returns table (
        vector_id text,
        rank integer,
        score double precision,
        distance double precision,
        text_rank double precision
    )
    stable
    parallel unsafe
    rows 10
    language plpgsql
as $$
declare
    _among pg_catalog.text := pg_catalog.rtrim(candidates, E'; \t\r\n');
    _window pg_catalog.int4;
    _queries pg_catalog.record;
    _hit pg_catalog.record;
    _ids pg_catalog.text[];
    _distances pg_catalog.float8[];
    _search pg_catalog.text;
begin
    -- What is not one query must not stand in another.
    if _among is not null then
        perform s3vl._candidate_type(_among, parameters);
    end if;
    select q.*
    into _queries
    from s3vl._hybrid_queries(
        query, source, text_column, key_column, index_name, index_arn, top_k, vector_weight, fusion,
        _among
    ) as q;
    -- Of each list, once top_k has been checked.
    _window := 5 operator(pg_catalog.*) top_k;
    for _hit in
        select f.vector_id, f.distance
        from s3vl.query_filtered(
            query_vector, _queries.keys, index_name, index_arn, _window, parameters,
            expected_model => expected_model
        ) as f
    loop
        _ids := pg_catalog.array_append(_ids, _hit.vector_id);
        _distances := pg_catalog.array_append(_distances, _hit.distance);
    end loop;
    _search := pg_catalog.format(
        'select h.vector_id, (pg_catalog.row_number() over (order by h.score desc, h.vector_id)'
        ')::pg_catalog.int4, h.score, h.distance, h.text_rank from ('
        'select coalesce(v.vector_id, t.vector_id) as vector_id, coalesce($5 '
        'operator(pg_catalog.*) v.share, 0) operator(pg_catalog.+) coalesce((1 '
        'operator(pg_catalog.-) $5) operator(pg_catalog.*) t.share, 0) as score, '
        'v.distance, t.text_rank from ('
        'select l.*, %1$s as share from rows from (pg_catalog.unnest($2 collate pg_catalog."C"), '
        'pg_catalog.unnest($6)) as l (vector_id, distance)) as v '
        'full join (select l.*, %2$s as share from (%3$s) as l (vector_id, text_rank)) as t '
        'on v.vector_id operator(pg_catalog.=) t.vector_id) as h order by 2 limit $7',
        pg_catalog.format(_queries.share, 'l.distance'),
        pg_catalog.format(_queries.share, 'operator(pg_catalog.-) l.text_rank'),
        _queries.texts
    );
    return query
    execute _search
    using parameters, _ids, query, _window, vector_weight, _distances, top_k;
end;
$$;

comment on function s3vl.query_hybrid_local(
    double precision[], tsquery, regclass, name, name, text, text, integer, double precision, text,
    text, jsonb, text
) is
    'Fuses vectors with local text. One list has the rows of the table source whose text_column, a '
    'tsvector, matches query, best ts_rank_cd first; the other those nearest to query_vector, by '
    's3vl.query_filtered(). Each has 5 * top_k rows, and a row beyond both is not found. '
    'key_column, the primary key when left out, is the id in the index, without the id_prefix '
    'that a binding of the table has. candidates is a query for the keys of the rows that may be '
    'in either list, with parameters as its $1; all rows of source when left out. Rights, row '
    'security and search_path are those of the caller, for both lists. fusion rrf adds up '
    's3vl.rrf_score() of the two ranks, weighted the values of each list from 1 for its best to 0 '
    'for its last; vector_weight, 0 to 1, is the weight of the vector, and the text has the rest. '
    'top_k is 1 to 200. rank counts from 1 by score; distance is null for a row that is not in the '
    'list of vectors, and text_rank, which is ts_rank_cd, for one that is not in the other. '
    's3vl.last_search() and a WARNING tell about the list of vectors. expected_model is the model '
    'of query_vector. Raises 22023, 42501, 42703, 42704, 42804, 55000, S3V01 to S3V06, and what '
    'the query raises.';
