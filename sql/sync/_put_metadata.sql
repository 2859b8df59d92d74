-- Rows whose embedding is null, and whose vector is kept: the function gets it, and puts it with
-- the metadata of the row.

create or replace function s3vl._send_metadata(
    records s3vl.vector_record[],
    index s3vl.index_registry,
    started timestamptz,
    deadline timestamptz
)
    returns text[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _items constant json[] := array(
        select json_build_object('vector_id', r.vector_id, 'metadata', r.metadata)
        from unnest(_send_metadata.records) with ordinality as r (
            vector_id, embedding, metadata, place
        )
        order by r.place
    );
    _chunk record;
    _members json;
    _result jsonb;
    _missing int4multirange := int4multirange();
begin
    for _chunk in select c.* from s3vl._chunks(_items) as c loop
        _members := json_build_object(
            'index_arn', _send_metadata.index.index_arn,
            'deadline', s3vl._epoch_ms(_send_metadata.deadline),
            'vectors', _chunk.chunk
        );
        for _result in
            select a.result
            from s3vl._ask('put_metadata', _members, _send_metadata.started) as a (result)
        loop
            _missing := _missing + s3vl._done_positions(
                jsonb_build_object('result', _result),
                'missing',
                _chunk.first_position,
                _chunk.last_position
            );
        end loop;
    end loop;
    return array(
        select r.vector_id
        from unnest(_send_metadata.records) with ordinality as r (
            vector_id, embedding, metadata, place
        )
        where r.place::integer <@ _missing
    );
end;
$$;

comment on function s3vl._send_metadata(
    s3vl.vector_record[], s3vl.index_registry, timestamptz, timestamptz
) is
    'Puts metadata of vectors, and returns the ids that the index does not have.';

create or replace function s3vl._put_metadata(
    records s3vl.vector_record[],
    index s3vl.index_registry,
    started timestamptz,
    deadline timestamptz
)
    returns table (vector_id text, problem text)
    rows 10
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _count constant integer := cardinality(_put_metadata.records);
    _missing text[];
    _problem text;
    _detail text;
begin
    if _count = 0 then
        return;
    end if;
    begin
        _missing := s3vl._send_metadata(
            _put_metadata.records, _put_metadata.index, _put_metadata.started,
            _put_metadata.deadline
        );
    exception
        when invalid_parameter_value then
            get stacked diagnostics _detail = pg_exception_detail;
            perform s3vl._note_unanswered(_detail);
            _problem := sqlerrm;
    end;
    if _problem is null then
        return query select m.id, null from unnest(_missing) as m (id);
    elsif _count = 1 then
        return query select _put_metadata.records[1].vector_id, _problem;
    else
        for _half in 0 .. 1 loop
            return query
            select p.vector_id, p.problem
            from s3vl._put_metadata(
                _put_metadata.records[
                    1 + _half * (_count / 2):case _half when 0 then _count / 2 else _count end
                ],
                _put_metadata.index, _put_metadata.started, _put_metadata.deadline
            ) as p;
        end loop;
    end if;
end;
$$;

comment on function s3vl._put_metadata(
    s3vl.vector_record[], s3vl.index_registry, timestamptz, timestamptz
) is
    'Puts metadata of vectors, and returns the ids that the index does not have, and with the '
    'problem those whose metadata was refused.';
