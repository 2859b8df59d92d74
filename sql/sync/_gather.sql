-- What a turn is to send: the keys that have marks, those that are due again, and a page of the
-- rows that were there before; then the rows, in a later statement than the marks, so that what
-- changes in between keeps its mark.

create or replace function s3vl._turn_size(dimension integer, failures integer)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Of large vectors fewer, to have them all in memory. After failures fewer and fewer, so that
    -- something gets through however little time there is.
    select greatest(
        1, least(2000, 2048000 / coalesce(_turn_size.dimension, 1024))
        / (2 ^ least(_turn_size.failures, 20))::integer
    )
$$;

comment on function s3vl._turn_size(integer, integer) is
    'Returns how many keys a turn takes.';

create or replace function s3vl._marks(
    binding_id integer,
    room integer,
    out changes bigint[],
    out noted_ats timestamptz[],
    out change_keys text[],
    out keys text[],
    out is_truncated boolean
)
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A key may have many marks: those of the first keys among ten times as many.
    with marks as materialized (
        select o.change, o.noted_at, o.key
        from s3vl.outbox as o
        where o.binding_id = _marks.binding_id
        order by o.change
        limit 10 * _marks.room
    ),

    firsts as (
        select m.key
        from marks as m
        where m.key is not null
        group by m.key
        order by min(m.change)
        limit _marks.room
    )

    select
        coalesce(array_agg(m.change), '{}'),
        coalesce(array_agg(m.noted_at), '{}'),
        coalesce(array_agg(m.key), '{}'),
        array(select f.key from firsts as f),
        coalesce(bool_or(m.key is null), false)
    from marks as m
    where m.key is null or m.key in (select f.key from firsts as f)
$$;

comment on function s3vl._marks(integer, integer) is
    'Returns marks to work on, and their keys, each of them once.';

create or replace function s3vl._gather(
    binding s3vl.binding,
    index s3vl.index_registry,
    known_keys text[],
    fill_after text,
    fill_count integer,
    out page text[],
    out keys text[],
    out records s3vl.vector_record[],
    out kept s3vl.vector_record[],
    out gone text[],
    out waiting text[],
    out refused text[],
    out problems text[]
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _rows record;
begin
    _gather.page := '{}';
    -- The block is rolled back, and with it ends the lock on the table: a TRUNCATE or an ALTER
    -- TABLE of the application is not to wait for the call. What was read stays.
    begin
        perform s3vl._hold_columns(_gather.binding, _gather.index);
        if _gather.fill_count > 0 then
            _gather.page := (
                s3vl._next_keys(
                    _gather.binding, _gather.index, _gather.fill_after, _gather.fill_count
                )
            ).keys;
        end if;
        _gather.keys := array(
            select unnest(_gather.known_keys) union select unnest(_gather.page)
        );
        _rows := s3vl._sorted(_gather.binding, _gather.index, _gather.keys);
        raise sqlstate 'S3V99';
    exception
        when sqlstate 'S3V99' then
            null;
    end;
    _gather.records := _rows.records;
    _gather.kept := _rows.kept;
    -- What has no vector in the table for no change that was noted is for a verify to find, and for
    -- its guard: an emptied column empties no index.
    _gather.gone := case when _gather.page = '{}' then _rows.gone else array(
        select unnest(_rows.gone)
        intersect
        select _gather.binding.id_prefix || k.key from unnest(_gather.known_keys) as k (key)
    ) end;
    _gather.waiting := _rows.waiting;
    _gather.refused := _rows.refused;
    _gather.problems := _rows.problems;
end;
$$;

comment on function s3vl._gather(s3vl.binding, s3vl.index_registry, text[], text, integer) is
    'Reads the rows of keys, and of a page of the table, without keeping a lock on it. Of the page '
    'nothing is to be deleted.';
