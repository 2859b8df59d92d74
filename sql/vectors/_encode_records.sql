-- Records as they travel to the function.

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
