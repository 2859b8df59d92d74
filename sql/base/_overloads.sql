-- Which functions s3vl.use_pgvector() has made; s3vl.help() speaks about the others.

create or replace function s3vl._overloads()
    returns oid[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- They are marked as of the extension, so that they go with it. A dump keeps the mark.
    select coalesce(array_agg(p.oid order by p.oid::regprocedure::text), '{}')
    from pg_proc as p
    inner join pg_namespace as n on n.oid = p.pronamespace and n.nspowner = p.proowner
    inner join pg_depend as d
        on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'x'
    inner join pg_extension as e
        on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
    where n.nspname = 's3vl' and e.extname = 'vector'
$$;

comment on function s3vl._overloads() is
    'Returns the functions for the types of pgvector that s3vl.use_pgvector() has made.';
