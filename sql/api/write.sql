-- Writing vectors. What is written stays written: S3 Vectors knows no transaction, so a rollback
-- does not take it back. Both calls can be repeated without harm.

create or replace function s3vl._encode_records(vectors s3vl.vector_record[])
    returns json[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not write other vectors.
    set extra_float_digits = 1
as $$
    select array(
        -- Embeddings as texts, which the function hands on as they are: to read and write millions
        -- of numbers takes long.
        select case
            when v.metadata is null
                then json_build_object('vector_id', v.vector_id, 'embedding', e.numbers)
            else json_build_object(
                'vector_id', v.vector_id, 'embedding', e.numbers, 'metadata', v.metadata
            )
        end
        from unnest(_encode_records.vectors)
            with ordinality as v (vector_id, embedding, metadata, position)
        cross join lateral (values (to_json(v.embedding)::text)) as e (numbers)
        order by v.position
    )
$$;

comment on function s3vl._encode_records(s3vl.vector_record[]) is
    'Returns each record as JSON.';

create or replace function s3vl.put_vectors(
    vectors s3vl.vector_record[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
begin
    _index := s3vl._find_index(put_vectors.index_name, put_vectors.index_arn);
    perform s3vl._check_records(put_vectors.vectors, _index);
    return s3vl._write(
        'put_vectors',
        _index.index_arn,
        'vectors',
        s3vl._encode_records(put_vectors.vectors),
        'written',
        _started
    );
end;
$$;

comment on function s3vl.put_vectors(s3vl.vector_record[], text, text) is
    'Writes vectors, new ones and ones that replace those of the same id (PutVectors); returns how '
    'many. Give index_name or index_arn. vectors is what array_agg((id, embedding, '
    'metadata)::s3vl.vector_record) makes of a table. Everything is checked before anything is '
    'sent; when a call fails half-way, DETAIL says which array positions were written. What is '
    'written is not rolled back, and writing again does no harm. Raises 22023, 42501, 42704, 55000 '
    'and S3V01 to S3V06.';

create or replace function s3vl.delete_vectors(
    vector_ids text[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
    _ids text[];
begin
    _index := s3vl._find_index(delete_vectors.index_name, delete_vectors.index_arn);
    _ids := s3vl._distinct_ids(delete_vectors.vector_ids);
    return s3vl._write(
        'delete_vectors',
        _index.index_arn,
        'vector_ids',
        s3vl._encode_ids(_ids),
        'deleted',
        _started
    );
end;
$$;

comment on function s3vl.delete_vectors(text[], text, text) is
    'Deletes vectors by id (DeleteVectors); returns how many distinct ids were given, also those '
    'that the index did not have. Give index_name or index_arn. When a call fails half-way, DETAIL '
    'says which positions among the distinct ids were deleted. What is deleted is not rolled back. '
    'Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';
