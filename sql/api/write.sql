-- Writing vectors. What is written stays written: S3 Vectors knows no transaction, so a rollback
-- does not take it back, and a read-only transaction, as on a reader instance, does not stop it.
-- Both calls can be repeated without harm.

create or replace function s3vl._encode_records(
    vectors s3vl.vector_record[],
    first_position integer
)
    returns text[]
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not write other vectors.
    set extra_float_digits = 1
as $$
declare
    -- An array may begin at any number; positions are counted from 1.
    _before integer := array_lower(_encode_records.vectors, 1) - 1;
    -- In the memory of the function, a record takes more than its few bytes.
    _last integer := least(
        _encode_records.first_position + 19999, cardinality(_encode_records.vectors)
    );
    -- Lambda takes 6 MiB.
    _room integer := 6200000;
    _record s3vl.vector_record;
    _encoded text;
    _records text[] := '{}'::text[];
begin
    -- One after the other, because a slice of an array copies all of it, and a row source too.
    for _position in _encode_records.first_position .. _last loop
        _record := _encode_records.vectors[_before + _position];
        -- Put together as text, because JSON functions would look at each of millions of characters
        -- again. Embeddings are texts too, which the function hands on as they are. What is null,
        -- as metadata may be, is left out.
        _encoded := concat(
            '{"vector_id":', to_json(_record.vector_id),
            ',"embedding":"', to_json(_record.embedding),
            '"', ',"metadata":' || _record.metadata::text,
            '}'
        );
        _room := _room - octet_length(_encoded) - 1;
        -- What is too large for any request is for Lambda to refuse.
        exit when _room < 0 and _position > _encode_records.first_position;
        _records := array_append(_records, _encoded);
    end loop;
    return _records;
end;
$$;

comment on function s3vl._encode_records(s3vl.vector_record[], integer) is
    'Returns records as JSON, from a position on as many as fit into one request.';

create or replace function s3vl.put_vectors(
    vectors s3vl.vector_record[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Plans made for one array alone have a copy of it in them.
    set plan_cache_mode = force_generic_plan
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
    _records text[];
    _count integer;
    _written integer := 0;
begin
    _index := s3vl._find_index(put_vectors.index_name, put_vectors.index_arn);
    perform s3vl._check_records(put_vectors.vectors, _index);
    -- One request at a time, as all of a table would be much to hold as text.
    while _written < cardinality(put_vectors.vectors) loop
        _records := s3vl._encode_records(put_vectors.vectors, _written + 1);
        _count := cardinality(_records);
        -- Members as s3vl._members() returns them: begun and ended in the array, because around its
        -- text each || would copy megabytes.
        _records[1] := concat(
            ',"index_arn":', to_json(_index.index_arn), ',"vectors":[', _records[1]
        );
        _records[_count] := _records[_count] || ']}';
        _written := _written + s3vl._write(
            'put_vectors',
            _index.index_arn,
            array_to_string(_records, ','),
            _written + 1,
            _written + _count,
            'written',
            _started
        );
    end loop;
    return _written;
end;
$$;

comment on function s3vl.put_vectors(s3vl.vector_record[], text, text) is
    'Writes vectors, new ones and ones that replace those of the same id (PutVectors); returns how '
    'many. Give index_name or index_arn. vectors is what array_agg((id, embedding, '
    'metadata)::s3vl.vector_record) makes of a table. Everything is checked before anything is '
    'sent; when a call fails half-way, DETAIL says which array positions were written. It writes '
    'outside of the database: neither does a read-only transaction stop it nor a rollback undo it; '
    'writing again does no harm. No vectors is no call, and 0. Raises 22023, 42501, 42704, 55000 '
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
    _chunk record;
    _members text;
    _deleted integer := 0;
begin
    _index := s3vl._find_index(delete_vectors.index_name, delete_vectors.index_arn);
    _ids := s3vl._distinct_ids(delete_vectors.vector_ids);
    for _chunk in select c.* from s3vl._chunks(s3vl._encode_ids(_ids)) as c loop
        _members := s3vl._members(
            json_build_object('index_arn', _index.index_arn, 'vector_ids', _chunk.chunk)
        );
        _deleted := _deleted + s3vl._write(
            'delete_vectors',
            _index.index_arn,
            _members,
            _chunk.first_position,
            _chunk.last_position,
            'deleted',
            _started
        );
    end loop;
    return _deleted;
end;
$$;

comment on function s3vl.delete_vectors(text[], text, text) is
    'Deletes vectors by id (DeleteVectors); returns how many distinct ids were given, also those '
    'that the index did not have. Give index_name or index_arn. When a call fails half-way, DETAIL '
    'says which positions among the distinct ids were deleted. It deletes outside of the database: '
    'neither does a read-only transaction stop it nor a rollback undo it. No ids is no call, and '
    '0. Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';
