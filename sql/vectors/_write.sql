-- Writes: in several requests when there is much, and with an account of what was done when one
-- of them fails, because S3 Vectors does not roll back.

create or replace function s3vl._done_positions(
    answer jsonb,
    member text,
    first_position integer,
    last_position integer
)
    returns int4multirange
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _done int4multirange;
    _problem text;
begin
    begin
        -- The function counts from 1 in each request, we in what the caller gave.
        select coalesce(
            range_agg(
                int4range(
                    (d.pair ->> 0)::integer + _done_positions.first_position - 1,
                    (d.pair ->> 1)::integer + _done_positions.first_position - 1,
                    '[]'
                )
            ),
            '{}'
        )
        into _done
        from jsonb_array_elements(
            coalesce(
                _done_positions.answer -> 'result' -> _done_positions.member,
                _done_positions.answer -> 'error' -> _done_positions.member,
                '[]'
            )
        ) as d (pair);
    exception
        when data_exception then
            _problem := 'positions that cannot be read: ' || s3vl._shown(sqlerrm);
            perform s3vl._raise_malformed(_problem, _done_positions.answer::text);
    end;
    if not _done <@ int4range(
        _done_positions.first_position, _done_positions.last_position, '[]'
    ) then
        _problem := 'positions that were not in the request';
        perform s3vl._raise_malformed(_problem, _done_positions.answer::text);
    end if;
    return _done;
end;
$$;

comment on function s3vl._done_positions(jsonb, text, integer, integer) is
    'Returns the positions that an answer, even that of a failure, says are done.';

create or replace function s3vl._show_positions(positions int4multirange)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        concat_ws('-', lower(r.run), nullif(upper(r.run) - 1, lower(r.run))),
        ','
        order by r.run
    )
    from unnest(_show_positions.positions) as r (run)
$$;

comment on function s3vl._show_positions(int4multirange) is
    'Shows positions as ranges, for example 1-1500,2001-2500; null when there are none.';

create or replace function s3vl._write(
    operation text,
    index_arn text,
    members text,
    first_position integer,
    last_position integer,
    done_member text,
    started timestamptz
)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _positions int4range := int4range(_write.first_position, _write.last_position, '[]');
    -- Requests go out in their order, each when the one before it is done.
    _done int4multirange := int4multirange(int4range(1, _write.first_position));
    _continuation jsonb;
    _answer jsonb;
    _done_before integer;
    _detail text;
    _hint text;
begin
    loop
        _answer := s3vl._invoke(_write.operation, _write.members, _write.started, _continuation);
        _done := _done + s3vl._done_positions(
            _answer, _write.done_member, _write.first_position, _write.last_position
        );
        _answer := s3vl._require_success(
            _answer, json_build_object('index_arn', _write.index_arn)
        );
        _continuation := nullif(_answer -> 'continuation', 'null');
        exit when _continuation is null;
    end loop;
    if not _positions <@ _done then
        perform s3vl._raise_malformed('a success that is not complete', _answer::text);
    end if;
    return upper(_positions) - lower(_positions);
exception
    when others then
        if not s3vl._is_call_failure(sqlstate) or isempty(_done) then
            raise;
        end if;
        get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
        -- Parts of a request are written at the same time, so there may be gaps.
        _done_before := (
            select upper(r.run) - 1 from unnest(_done) as r (run) where lower(r.run) = 1
        );
        raise exception using
            errcode = sqlstate,
            message = sqlerrm,
            detail = concat_ws(
                '; ',
                nullif(_detail, ''),
                'the request began at position ' || nullif(_write.first_position, 1),
                _write.done_member || ': ' || s3vl._show_positions(_done)
            ),
            hint = concat_ws(
                ' ',
                _hint,
                'The first ' || _done_before || ' are ' || _write.done_member
                || ': go on with position ' || _done_before + 1 || ', in the same order.',
                'To pass all of them again does no harm.'
            );
end;
$$;

comment on function s3vl._write(text, text, text, integer, integer, text, timestamptz) is
    'Sends one request of what is to be written or deleted, the items from the first position to '
    'the last, and returns how many they are; when that fails the DETAIL says which are done, with '
    'those before the first, and the HINT where to go on.';
