-- Vectors by id.

create or replace function s3vl.get_vectors(
    vector_ids text[],
    index_name text default null,
    index_arn text default null,
    include_vector_data boolean default true,
    include_metadata boolean default true
)
    returns table (
        vector_id text,
        embedding double precision[],
        metadata jsonb,
        found boolean
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
    _ids text[];
    _chunk record;
    _request json;
    _asked text[];
    _required constant text[] := case
        when get_vectors.include_vector_data then array['vector_id', 'embedding']
        else array['vector_id']
    end;
    _rows bigint;
begin
    _index := s3vl._find_index(
        get_vectors.index_name collate "C", get_vectors.index_arn collate "C"
    );
    _ids := s3vl._distinct_ids(get_vectors.vector_ids collate "C");
    perform s3vl._check_boolean('include_vector_data', get_vectors.include_vector_data);
    perform s3vl._check_boolean('include_metadata', get_vectors.include_metadata);
    for _chunk in select c.* from s3vl._chunks(s3vl._encode_ids(_ids)) as c loop
        _request := json_build_object(
            'index_arn', _index.index_arn,
            'vector_ids', _chunk.chunk,
            'include_vector_data', get_vectors.include_vector_data,
            'include_metadata', get_vectors.include_metadata
        );
        _asked := _ids[_chunk.first_position:_chunk.last_position];
        return query
        select i.vector_id, v.embedding, v.metadata, v.vector_id is not null
        from unnest(_asked collate "C") with ordinality as i (vector_id, position)
        left join (s3vl._ask('get_vectors', _request, _started) as p (result)
            cross join lateral s3vl._decode_vectors(p.result, _required) as v) using (vector_id)
        order by i.position;
        get diagnostics _rows = row_count;
        perform s3vl._check_count(_rows, cardinality(_asked));
    end loop;
end;
$$;

comment on function s3vl.get_vectors(text[], text, text, boolean, boolean) is
    'Returns vectors by id. There is one row for each distinct id, in the order asked '
    '(GetVectors). Give index_name or index_arn. Any number of ids, each 1 to 1024 bytes. found is '
    'false for an id that the index does not have. embedding and metadata are null when not '
    'included. S3 Vectors keeps 4-byte floats: compare embedding::real[], not embedding, with what '
    'was written. Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';
