-- All of what is to be written or deleted, request by request. With a deadline the function writes
-- nothing after it, whatever became of the caller.

create or replace function s3vl._epoch_ms(moment timestamptz)
    returns bigint
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select floor(extract(epoch from _epoch_ms.moment) * 1000)::bigint
$$;

comment on function s3vl._epoch_ms(timestamptz) is
    'Returns a moment as the protocol has it.';

create or replace function s3vl._put_records(
    vectors s3vl.vector_record[],
    index_arn text,
    started timestamptz,
    deadline_ms bigint,
    restriction jsonb
)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Plans made for one array alone have a copy of it in them.
    set plan_cache_mode = force_generic_plan
as $$
declare
    _records text[];
    _members text;
    _count integer;
    _written integer := 0;
begin
    -- One request at a time, as all of a table would be much to hold as text.
    while _written < cardinality(_put_records.vectors) loop
        _records := s3vl._encode_records(_put_records.vectors, _written + 1);
        _count := cardinality(_records);
        -- Members as s3vl._members() returns them: begun and ended in the array, because around its
        -- text each || would copy megabytes.
        _records[1] := concat(
            ',"index_arn":', to_json(_put_records.index_arn),
            ',"deadline":' || _put_records.deadline_ms,
            ',"restriction":' || _put_records.restriction::text,
            ',"vectors":[', _records[1]
        );
        _records[_count] := _records[_count] || ']}';
        -- In a variable until the next is there: memory that is freed at once goes back to the
        -- system, and comes anew page by page.
        _members := concat_ws(',', variadic _records);
        _written := _written + s3vl._write(
            'put_vectors',
            _put_records.index_arn,
            _members,
            _written + 1,
            _written + _count,
            'written',
            _put_records.started
        );
    end loop;
    return _written;
end;
$$;

comment on function s3vl._put_records(
    s3vl.vector_record[], text, timestamptz, bigint, jsonb
) is
    'Writes records that were checked, until a deadline or for as long as a call may take, within '
    'a restriction, and returns how many.';

create or replace function s3vl._delete_ids(
    vector_ids text[],
    index_arn text,
    started timestamptz,
    deadline_ms bigint,
    restriction jsonb
)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _chunk record;
    _members text;
    _deleted integer := 0;
begin
    for _chunk in select c.* from s3vl._chunks(s3vl._encode_ids(_delete_ids.vector_ids)) as c loop
        _members := s3vl._members(
            json_build_object(
                'index_arn', _delete_ids.index_arn,
                'deadline', _delete_ids.deadline_ms,
                'restriction', _delete_ids.restriction,
                'vector_ids', _chunk.chunk
            )
        );
        _deleted := _deleted + s3vl._write(
            'delete_vectors',
            _delete_ids.index_arn,
            _members,
            _chunk.first_position,
            _chunk.last_position,
            'deleted',
            _delete_ids.started
        );
    end loop;
    return _deleted;
end;
$$;

comment on function s3vl._delete_ids(text[], text, timestamptz, bigint, jsonb) is
    'Deletes distinct ids, until a deadline or for as long as a call may take, but none outside '
    'of a restriction, and returns how many.';
