-- Putting rows of which some may be refused. The service refuses a whole call for one record: the
-- one that it names is tried alone, and where it names none the rest is halved until it is found.

create or replace function s3vl._named_place(message text, detail text)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Positions count from the beginning of a request, of which there may be several.
    select substring(concat(_named_place.message, _named_place.detail)
        from 'vectors[[]([0-9]{1,6})[]]')::integer
        + coalesce(
            substring(_named_place.detail from 'request began at position ([0-9]+)')::integer - 1,
            0
        )
$$;

comment on function s3vl._named_place(text, text) is
    'Returns the place of the record that an error names; null when it names none.';

create or replace function s3vl._parts(places int4range, named integer)
    returns int4range[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The last of them is the next to be tried.
    select array(
        select p.part
        from (
            select
                1 as place,
                unnest(
                    case when _parts.places @> _parts.named then array[
                        int4range(_parts.named + 1, upper(_parts.places)),
                        int4range(lower(_parts.places), _parts.named),
                        int4range(_parts.named, _parts.named + 1)
                    ]
                    else array[int4range(h.half, upper(_parts.places)),
                        int4range(lower(_parts.places), h.half)]
                    end
                ) as part
            from (select (lower(_parts.places) + upper(_parts.places)) / 2) as h (half)
        ) as p
        where not isempty(p.part)
    )
$$;

comment on function s3vl._parts(int4range, integer) is
    'Divides places: the one that was named by itself, or into halves.';

create or replace function s3vl._note_unanswered(detail text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _note_unanswered.detail ~ 'unanswered: ' then
        -- As a note, since a setting would be rolled back when a later call of the turn fails.
        perform s3vl._note('unanswered', '{}');
    end if;
end;
$$;

comment on function s3vl._note_unanswered(text) is
    'Remembers that nobody knows how a call of this turn ended.';

create or replace function s3vl._try_put(
    records s3vl.vector_record[],
    index s3vl.index_registry,
    started timestamptz,
    deadline timestamptz,
    out problem text,
    out named integer
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _detail text;
begin
    perform s3vl._put_records(
        _try_put.records, _try_put.index.index_arn, _try_put.started,
        s3vl._epoch_ms(_try_put.deadline), null
    );
exception
    when invalid_parameter_value then
        get stacked diagnostics _detail = pg_exception_detail;
        perform s3vl._note_unanswered(_detail);
        _try_put.problem := sqlerrm;
        _try_put.named := s3vl._named_place(sqlerrm, _detail);
end;
$$;

comment on function s3vl._try_put(
    s3vl.vector_record[], s3vl.index_registry, timestamptz, timestamptz
) is
    'Puts records, and says why they were refused, and which was named; null when they were not.';

create or replace function s3vl._put_all(
    records s3vl.vector_record[],
    index s3vl.index_registry,
    started timestamptz,
    ends_at timestamptz,
    deadline timestamptz
)
    returns table (vector_id text, problem text)
    rows 10
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _todo int4range[] := array_remove(
        array[int4range(1, cardinality(_put_all.records) + 1)], 'empty'
    );
    _places int4range;
    _refusal record;
    _is_first boolean := true;
begin
    while cardinality(_todo) > 0 loop
        _places := _todo[cardinality(_todo)];
        _todo := trim_array(_todo, 1);
        if not _is_first and clock_timestamp() > _put_all.ends_at - interval '2 seconds' then
            return query
            select r.vector_id, null
            from unnest(_put_all.records[lower(_places):upper(_places) - 1]) as r;
            continue;
        end if;
        _refusal := s3vl._try_put(
            -- A slice would be a copy.
            case when _is_first then _put_all.records
                else _put_all.records[lower(_places):upper(_places) - 1] end,
            _put_all.index, _put_all.started, _put_all.deadline
        );
        if _refusal.problem is null then
            continue;
        elsif _is_first then
            perform s3vl._check_facts(_put_all.index, _put_all.started);
        end if;
        _is_first := false;
        if upper(_places) - lower(_places) = 1 then
            _put_all.vector_id := _put_all.records[lower(_places)].vector_id;
            _put_all.problem := _refusal.problem;
            return next;
        else
            _todo := _todo || s3vl._parts(_places, _refusal.named - 1 + lower(_places));
        end if;
    end loop;
end;
$$;

comment on function s3vl._put_all(
    s3vl.vector_record[], s3vl.index_registry, timestamptz, timestamptz, timestamptz
) is
    'Puts all records that can be put, and returns the others, each with the problem; with null '
    'when there was no time left to find out.';
