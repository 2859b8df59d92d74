-- Search in both tiers. It runs as its caller, whose rights and row security decide which rows
-- there are, and whose search_path the text of the candidates is read by: so nothing of its own may
-- depend on that.

create or replace function s3vl.query_tiered(
    query_vector double precision[],
    source regclass,
    embedding_column name,
    index_name text,
    top_k integer default 10,
    candidates text default null,
    parameters jsonb default null,
    expected_model text default null
)
    returns table (
        vector_id text,
        tier text,
        distance double precision,
        similarity_score double precision
    )
    stable
    parallel unsafe
    rows 10
    language plpgsql
as $$
declare
    _among pg_catalog.text := pg_catalog.rtrim(candidates, E'; \t\r\n');
    _queries pg_catalog.record;
    _search pg_catalog.text;
begin
    -- What is not one query must not stand in another.
    if _among is not null then
        perform s3vl._candidate_type(_among, parameters);
    end if;
    select q.*
    into _queries
    from s3vl._tier_queries(
        query_vector, source, embedding_column, index_name, top_k, _among, expected_model
    ) as q;
    -- Both in one statement, so that both see the same rows.
    _search := pg_catalog.format(
        'select t.vector_id, t.tier, t.distance, t.similarity_score from ('
        'select h.vector_id, ''hot'' as tier, h.distance, %s as similarity_score '
        'from (%s) as h (vector_id, distance) '
        'union all '
        'select c.vector_id, ''cold'', c.distance, c.similarity_score '
        'from s3vl.query_filtered($2, $4, index_name => $5, top_k => $3, parameters => $1) as c'
        ') as t order by t.distance, t.vector_id limit $3',
        _queries.similarity,
        _queries.hot
    );
    return query
    execute _search using parameters, query_vector, top_k, _queries.cold, index_name;
end;
$$;

comment on function s3vl.query_tiered(
    double precision[], regclass, name, text, integer, text, jsonb, text
) is
    'Searches hot and cold rows. Of a bound table, those that have their embedding are hot: '
    'pgvector compares them, by its index where it has one. Those whose embedding is null are '
    'cold: '
    's3vl.query_filtered() searches the index that embedding_column is bound to. Each row is in '
    'the tier that the table says, so it comes once, and with its present embedding. candidates '
    'is a query for the keys of the rows to search, with parameters as its $1, as '
    's3vl.query_filtered() takes them; all rows when left out. vector_id is that of the index; '
    'tier is hot or cold; distance is in the metric of the index (euclidean: the square). top_k '
    'is 1 to 1000. Rights, row security and search_path are those of the caller. '
    's3vl.last_search() tells about the cold tier. pgvector finds fewer rows than there are with '
    'its index and a WHERE, unless hnsw.iterative_scan is on. expected_model is the model of '
    'query_vector, and another than that of the index is refused. Raises 22023, 42501, 42704, '
    '42804, 55000, S3V01 to S3V06, and what the query raises.';
