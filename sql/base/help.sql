-- What there is, for a terminal of 80 columns: \df is several times as wide.

create or replace function s3vl.help(topic text default null)
    returns table (subject text, function text, what_it_does text)
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _topic constant text := lower(btrim(help.topic collate "C"));
    _topics constant text[] := array(select t.topic from s3vl._topics() as t);
    _functions constant text[] := array(
        select unnest(t.function_names)::text from s3vl._topics() as t
    );
begin
    if _topic <> all(_topics || _functions) then
        raise exception using
            errcode = '22023',
            message = format('help has no topic or function "%s"', s3vl._shown(help.topic)),
            hint = format(
                'Pass one of %s, the name of a function, or nothing to list all functions.',
                array_to_string(_topics, ', ')
            );
    end if;
    return query
    select t.topic, c.call, rtrim(split_part(obj_description(p.oid, 'pg_proc'), '. ', 1), '.')
    from s3vl._topics() with ordinality as t (topic, function_names, place)
    cross join lateral unnest(t.function_names) with ordinality as f (name, place)
    inner join pg_proc as p
        on p.proname = f.name
        and p.pronamespace = 's3vl'::regnamespace
        and p.oid <> all(s3vl._overloads())
    -- The arguments that are required, as many of them as fit; dots stand for the others.
    cross join lateral (
        select s.call
        from generate_series(p.pronargs - p.pronargdefaults, 0, -1) as n (named)
        cross join lateral (
            select format(
                '%s(%s)',
                p.proname,
                array_to_string(
                    array_append(
                        p.proargnames[:n.named], case when n.named < p.pronargs then '...' end
                    ),
                    ', '
                )
            )
        ) as s (call)
        order by char_length(s.call) <= 32 desc, n.named desc
        limit 1
    ) as c
    where t.topic = coalesce(_topic, t.topic)
    order by t.place, f.place;
    return query
    select d.subject, d.function, d.what_it_does from s3vl._described(_topic::name) as d;
end;
$$;

comment on function s3vl.help(text) is
    'Lists functions, topic by topic. There is one row for each: its topic, a call with the '
    'arguments that are required, and what it does. Without topic it lists them all, and so shows '
    'what topics there are. topic may also be the name of a function: its rows hold the whole '
    'comment, each argument with its type and default, and what it returns, for a terminal of 80 '
    'columns. A name that is both, as sync is, gives both. Raises 22023 for any other. No Lambda '
    'call.';
