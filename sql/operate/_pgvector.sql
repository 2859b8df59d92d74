-- The functions for the types of pgvector, made from the definitions of those that take an array,
-- so that none is forgotten and each has the same arguments. They run as their caller, and call
-- the function for arrays, which decides what that may see.

create or replace function s3vl._pgvector_types()
    returns table (argument text, argument_type text, converted text)
    stable
    rows 6
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select a.argument, a.argument_type, a.converted
    from pg_extension as e
    inner join pg_depend as d
        on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
    inner join pg_type as t on d.classid = 'pg_type'::regclass and d.objid = t.oid
    cross join lateral (
        values
        ('query_vector', format_type(t.oid, null), '%1$s::real[]::double precision[]'),
        ('query_vectors', format_type(t.typarray, null),
            'case when %1$s is not null then coalesce((select '
            'pg_catalog.array_agg(v.vector::real[]::double precision[] order by v.place) '
            'from pg_catalog.unnest(%1$s) with ordinality as v (vector, place)), ''{}'') end')
    ) as a (argument, argument_type, converted)
    where e.extname = 'vector' and t.typname in ('vector', 'halfvec')
    union all
    -- Of a literal or parameter without a type PostgreSQL makes a text where several functions fit,
    -- and where none takes texts it says that there are too many.
    select
        a.argument,
        'text',
        'pg_catalog.translate(%1$s, ''[]'', ''{}'')::double precision[]'
    from unnest('{query_vector,query_vectors}'::text[]) as a (argument)
$$;

comment on function s3vl._pgvector_types() is
    'Lists the types that the functions for pgvector take, and how an array is made of each.';

create or replace function s3vl._overload_definitions()
    returns table (
        signature text,
        arguments text,
        result text,
        body text,
        base oid,
        argument_type text
    )
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        format('s3vl.%I(%s)', p.proname, i.types),
        regexp_replace(
            pg_get_function_arguments(p.oid),
            format(
                E'\\m%s double precision\\[\\]( DEFAULT NULL::double precision\\[\\])?', t.argument
            ),
            format('%s %s', t.argument, t.argument_type)
        ),
        pg_get_function_result(p.oid),
        format('select %s from s3vl.%I(%s) as q', o.columns, p.proname, i.passed),
        p.oid,
        t.argument_type
    from pg_proc as p
    inner join pg_namespace as n on n.oid = p.pronamespace and n.nspowner = p.proowner
    inner join s3vl._access_levels() as l on l.function_name = p.proname
    inner join s3vl._pgvector_types() as t on t.argument = any(p.proargnames)
    cross join lateral (
        select
            string_agg(
                case when a.name = t.argument then t.argument_type
                    else format_type(a.type, null) end,
                ', ' order by a.place
            ) as types,
            string_agg(
                format(
                    '%I => %s',
                    a.name,
                    format(case a.name when t.argument then t.converted else '%s' end, a.given)
                ),
                ', ' order by a.place
            ) as passed,
            bool_or(a.name = t.argument and a.type = 'double precision[]'::regtype) as takes_array
        from (
            select u.place, u.type, p.proargnames[u.place] as name, '$' || u.place as given
            from unnest(p.proargtypes::oid[]) with ordinality as u (type, place)
        ) as a
    ) as i
    cross join lateral (
        select string_agg(format('q.%I', u.name), ', ' order by u.place) as columns
        from unnest(p.proargnames, p.proargmodes) with ordinality as u (name, mode, place)
        where u.mode = 't'
    ) as o
    where n.nspname = 's3vl' and p.proretset and i.takes_array and not starts_with(p.proname, '_')
$$;

comment on function s3vl._overload_definitions() is
    'Returns what is to be there for the types of pgvector: for each function that searches with a '
    'vector, and each type, one that makes an array and calls it.';

create or replace function s3vl._obsolete_overloads()
    returns oid[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(u.oid), '{}')
    from unnest(s3vl._overloads()) as u (oid)
    where not exists (
        select
        from s3vl._overload_definitions() as d
        where to_regprocedure(d.signature) = u.oid
            and d.arguments = pg_get_function_arguments(u.oid)
            and d.result = pg_get_function_result(u.oid)
    )
$$;

comment on function s3vl._obsolete_overloads() is
    'Returns the functions for pgvector that are no longer as the functions that they call.';

create or replace function s3vl._check_overloads()
    returns table (check_name text, status text, detail text, hint text)
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        'types of pgvector',
        'warn',
        format('%s: older than s3vl, or missing', o.names),
        'Type: select s3vl.use_pgvector();'
    from (
        select string_agg(distinct d.signature, '; ') as names
        from s3vl._overload_definitions() as d
        where cardinality(s3vl._overloads()) > 0
            and not exists (
                select
                from unnest(s3vl._overloads()) as u (oid)
                where u.oid = to_regprocedure(d.signature)
                    and u.oid <> all(s3vl._obsolete_overloads())
            )
    ) as o
    where o.names is not null
$$;

comment on function s3vl._check_overloads() is
    'Says which functions for pgvector an upgrade has left to be made, where they are used.';
