-- Writing vectors. What is written stays written: S3 Vectors knows no transaction, so a rollback
-- does not take it back, and a read-only transaction, as on a reader instance, does not stop it.
-- Both calls can be repeated without harm.

create or replace function s3vl._most_bytes(vectors s3vl.vector_record[])
    returns integer[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        -- No 4-byte float takes more than this one.
        select
            length('{"vector_id":,"embedding":"[]","metadata":},')
            + octet_length(to_json(v.vector_id)::text)
            + cardinality(v.embedding) * length('-1.04598065e-36,')
            + coalesce(octet_length(v.metadata::text), 0)
        from unnest(_most_bytes.vectors)
            with ordinality as v (vector_id, embedding, metadata, position)
        order by v.position
    )
$$;

comment on function s3vl._most_bytes(s3vl.vector_record[]) is
    'Returns the most that each record takes in a request, without writing its numbers.';

create or replace function s3vl._how_many_fit(sizes integer[], room integer)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select count(*)::integer
    from (
        select sum(u.size) over (order by u.position) as needed
        from unnest(_how_many_fit.sizes) with ordinality as u (size, position)
    ) as f
    where f.needed <= _how_many_fit.room
$$;

comment on function s3vl._how_many_fit(integer[], integer) is
    'Returns how many items of these sizes, from the first one on, fit into so many bytes.';

create or replace function s3vl._encode_records(vectors s3vl.vector_record[])
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not write other vectors.
    set extra_float_digits = 1
as $$
    -- Put together as text, because JSON functions would look at each of millions of characters
    -- again. Embeddings are texts too, which the function hands on as they are. What is null, as
    -- metadata may be, is left out.
    select string_agg(
        concat(
            '{"vector_id":', to_json(v.vector_id),
            ',"embedding":"', to_json(v.embedding),
            '"', ',"metadata":' || v.metadata::text,
            '}'
        ),
        ','
        order by v.position
    )
    from unnest(_encode_records.vectors)
        with ordinality as v (vector_id, embedding, metadata, position)
$$;

comment on function s3vl._encode_records(s3vl.vector_record[]) is
    'Returns records as JSON, with commas between them.';

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
    _sizes integer[];
    _records text[];
    _room integer;
    _first integer;
    _last integer := 0;
    _more integer;
    _members text;
    _written integer := 0;
begin
    _index := s3vl._find_index(put_vectors.index_name, put_vectors.index_arn);
    perform s3vl._check_records(put_vectors.vectors, _index);
    _sizes := s3vl._most_bytes(put_vectors.vectors);
    -- One request at a time, as all of a table would be much to hold as text.
    while _last < cardinality(_sizes) loop
        _first := _last + 1;
        _records := '{}';
        -- Lambda takes 6 MiB. Most numbers take less than the most: what is left is filled again.
        _room := 6200000;
        loop
            -- 20,000 at most: in the memory of the function a record takes more than its few bytes.
            _more := s3vl._how_many_fit(_sizes[_last + 1:_first + 19999], _room);
            -- What is too large for any request is for Lambda to refuse.
            _more := greatest(_more, (_last < _first)::integer);
            exit when _more = 0;
            _records := _records
                || s3vl._encode_records(put_vectors.vectors[_last + 1:_last + _more]);
            _room := _room - octet_length(_records[cardinality(_records)]) - 1;
            _last := _last + _more;
        end loop;
        _members := s3vl._members(json_build_object('index_arn', _index.index_arn))
            || ',"vectors":[' || array_to_string(_records, ',') || ']';
        _written := _written + s3vl._write(
            'put_vectors', _index.index_arn, _members, _first, _last, 'written', _started
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
