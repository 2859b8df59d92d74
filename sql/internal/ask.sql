-- Conversations with the Lambda function: a request may be too large for one call, and so may its
-- answer.

create or replace function s3vl._require_success(answer jsonb, index_arn text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config;
begin
    if _require_success.answer -> 'success' = 'false' then
        _config := s3vl._configuration();
        perform s3vl._raise_answered_failure(
            _require_success.answer, _config.lambda_arn, _require_success.index_arn
        );
    end if;
end;
$$;

comment on function s3vl._require_success(jsonb, text) is
    'Raises what an answer means that is not a success.';

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
    _continuation jsonb;
    _answer jsonb;
begin
    loop
        _answer := s3vl._invoke(_ask.operation, _ask.members, _ask.started, _continuation);
        perform s3vl._require_success(_answer, _ask.members ->> 'index_arn');
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
    rows 10
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select min(i.position)::integer, max(i.position)::integer, json_agg(i.item order by i.position)
    from (
        select
            u.item,
            u.position,
            -- Lambda takes 6 MB, and an item may stand out by its length: at most 0.4 MB.
            sum(octet_length(u.item::text) + 4) over (order by u.position) / 5000000 as number
        from unnest(_chunks.items) with ordinality as u (item, position)
    ) as i
    group by i.number
    order by i.number;
end;
$$;

comment on function s3vl._chunks(json[]) is
    'Divides items, in their order, into arrays that fit into a request each.';
