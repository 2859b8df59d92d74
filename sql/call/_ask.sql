-- Conversations with the Lambda function: a request may be too large for one call, and so may its
-- answer.

create or replace function s3vl._ask(
    operation text,
    members json,
    started timestamptz default clock_timestamp()
)
    returns setof jsonb
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _members text := s3vl._members(_ask.members);
    _continuation jsonb;
    _answer jsonb;
begin
    loop
        _answer := s3vl._invoke(_ask.operation, _members, _ask.started, _continuation);
        _answer := s3vl._require_success(_answer, _ask.members);
        return next _answer -> 'result';
        _continuation := nullif(_answer -> 'continuation', 'null');
        exit when _continuation is null;
    end loop;
end;
$$;

comment on function s3vl._ask(text, json, timestamptz) is
    'Asks the Lambda function and returns one result for each part of its answer.';

create or replace function s3vl._chunks(items json[])
    returns table (first_position integer, last_position integer, chunk json)
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        min(i.position)::integer,
        max(i.position)::integer,
        to_json(array_agg(i.item order by i.position))
    from (
        select
            u.item,
            u.position,
            (u.position - 1) / 20000 as by_count,
            -- Lambda takes 6 MiB. An item is 0.1 MB at most, and there may be a filter besides.
            sum(octet_length(u.item::text) + 4) over (order by u.position) / 4200000 as by_size
        from unnest(_chunks.items) with ordinality as u (item, position)
    ) as i
    group by i.by_count, i.by_size
    order by i.by_count, i.by_size
$$;

comment on function s3vl._chunks(json[]) is
    'Divides items, in their order, into arrays that fit into a request each.';
