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
    language sql
as $$
    select v.vector_id, v.vector_data, v.metadata, v.response_next_token, v.total_count
    from s3vl._list_vectors(
        s3vl._sealed_caller(),
        list_vectors.index_arn,
        list_vectors.index_name,
        list_vectors.max_results,
        list_vectors.next_token,
        list_vectors.return_data,
        list_vectors.return_metadata,
        list_vectors.segment_count,
        list_vectors.segment_index
    ) as v
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
