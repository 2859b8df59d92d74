-- Records as they travel to the function.

create or replace function s3vl._pgvector_text()
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The cast of the extension itself, where whoever runs this may use it.
    select format('select ($1::%s)::text', format_type(t.oid, null))
    from pg_extension as e
    inner join pg_depend as d
        on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
    inner join pg_cast as c on d.classid = 'pg_cast'::regclass and d.objid = c.oid
    inner join pg_type as t on t.oid = c.casttarget
    where e.extname = 'vector'
        and t.typname = 'vector'
        and c.castsource = 'real[]'::regtype
        and has_function_privilege(c.castfunc, 'execute')
        and has_schema_privilege(t.typnamespace, 'usage')
$$;

comment on function s3vl._pgvector_text() is
    'Returns the query that writes an array as pgvector does; null where it is not there.';

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
    _by_pgvector text := s3vl._pgvector_text();
    _record s3vl.vector_record;
    _numbers text;
    _encoded text;
    _records text[] := '{}'::text[];
begin
    -- One after the other, because a slice of an array copies all of it, and a row source too.
    for _position in _encode_records.first_position .. _last loop
        _record := _encode_records.vectors[_before + _position];
        -- The same digits, in half of the time. It takes no more numbers than that.
        if _by_pgvector is null or cardinality(_record.embedding) > 16000 then
            _numbers := to_json(_record.embedding)::text;
        else
            execute _by_pgvector into _numbers using _record.embedding;
        end if;
        -- Put together as text, because JSON functions would look at each of millions of characters
        -- again. Embeddings are texts too, which the function hands on as they are. What is null,
        -- as metadata may be, is left out.
        _encoded := concat(
            '{"vector_id":', to_json(_record.vector_id),
            ',"embedding":"', _numbers,
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
