-- Vectors page by page.

create or replace function s3vl.list_vectors(
    index_arn text default null,
    index_name text default null,
    max_results integer default 100,
    next_token text default null,
    return_data boolean default false,
    return_metadata boolean default true,
    segment_count integer default null,
    segment_index integer default null
)
    returns table (
        vector_id text,
        vector_data double precision[],
        metadata jsonb,
        response_next_token text,
        total_count integer
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _request json;
    _parts jsonb[];
    _required constant text[] := case
        when list_vectors.return_data then array['vector_id', 'embedding']
        else array['vector_id']
    end;
    _next_token text;
    _rows bigint;
begin
    _index := s3vl._find_index(
        list_vectors.index_name collate "C", list_vectors.index_arn collate "C"
    );
    perform s3vl._check_range('max_results', list_vectors.max_results, 1, 1000);
    perform s3vl._check_boolean('return_data', list_vectors.return_data);
    perform s3vl._check_boolean('return_metadata', list_vectors.return_metadata);
    perform s3vl._check_next_token(list_vectors.next_token collate "C");
    perform s3vl._check_segment(list_vectors.segment_count, list_vectors.segment_index);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'max_results', list_vectors.max_results,
        'next_token', list_vectors.next_token,
        'return_data', list_vectors.return_data,
        'return_metadata', list_vectors.return_metadata,
        'segment_count', list_vectors.segment_count,
        'segment_index', list_vectors.segment_index
    );
    _parts := array(select s3vl._ask('list_vectors', _request));
    -- Where the page ends is known to its last part.
    _next_token := _parts[cardinality(_parts)] ->> 'next_token';
    return query
    select v.vector_id, v.embedding, v.metadata, _next_token, (count(*) over ())::integer
    from unnest(_parts) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, _required) as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, list_vectors.max_results);
    if _rows = 0 and _next_token is not null then
        -- The token would have no row to stand on, and the vectors behind it would seem not to
        -- exist.
        perform s3vl._raise_malformed('an empty page that is not the last', _parts::text);
    end if;
end;
$$;

comment on function s3vl.list_vectors(
    text, text, integer, text, boolean, boolean, integer, integer
) is
    'Lists an index page by page. The vectors are in no particular order (ListVectors). Give '
    'index_arn or index_name, and name it: here, and nowhere else, index_arn comes first. '
    'max_results is 1 to 1000; a page may be shorter though more follow. Pass response_next_token, '
    'which stands on every row, as next_token to get the next page; null means that this was the '
    'last, and no row that there is none. total_count is the number of rows of this page. For '
    'parallel scans give segment_count, 1 to 16, and segment_index, from 0. S3 Vectors keeps '
    '4-byte floats: compare vector_data::real[], not vector_data, with what was written. Raises '
    '22023, 42501, 42704, 55000 and S3V01 to S3V06.';
