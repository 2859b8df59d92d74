-- What s3vl.help() tells about one function: \df cuts nothing and wraps nothing, so that it is
-- hundreds of columns wide.

create or replace function s3vl._described(function_name name)
    returns table (subject text, function text, what_it_does text)
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        t.topic,
        l.name,
        -- As wide as 80 columns leave room for beside the topic and the calls of a list.
        rtrim(regexp_replace(l.said, E'(.{1,33})(\\s+|$)', E'\\1\n', 'g'), E'\n')
    from s3vl._topics() as t
    inner join pg_proc as p
        on p.proname = any(t.function_names) and p.pronamespace = 's3vl'::regnamespace
    cross join lateral (
        select 0 as place, p.proname::text as name, obj_description(p.oid, 'pg_proc') as said
        union all
        select
            n.place,
            '  ' || p.proargnames[n.place],
            concat_ws(
                ' default ',
                format_type(p.proargtypes[n.place - 1], null),
                -- Without the cast that PostgreSQL adds: the type stands before it.
                regexp_replace(pg_get_function_arg_default(p.oid, n.place), '::[^'']+$', '')
            )
        from generate_series(1, p.pronargs) as n (place)
        union all
        select
            p.pronargs + 1,
            'returns',
            -- One that takes and returns the same name has to declare its columns another way.
            case when 'o' = any(p.proargmodes) then (
                select format(
                    'TABLE(%s)',
                    string_agg(concat_ws(' ', a.name, format_type(a.type, null)), ', '
                        order by a.place)
                )
                from unnest(p.proargnames, p.proallargtypes, p.proargmodes)
                    with ordinality as a (name, type, mode, place)
                where a.mode <> 'i'
            )
            else pg_get_function_result(p.oid) end
        where p.prokind = 'f'
    ) as l
    where p.proname = _described.function_name and p.oid <> all(s3vl._overloads())
    order by l.place
$$;

comment on function s3vl._described(name) is
    'Tells about a public function in lines: its comment, its arguments, and what it returns.';
