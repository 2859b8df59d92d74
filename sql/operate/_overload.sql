-- The statements that make the functions for the types of pgvector: _pgvector.sql says which.

create or replace function s3vl._overload_statements()
    returns setof text
    stable
    rows 50
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s.statement
    from s3vl._overload_definitions() as d
    inner join pg_proc as p on p.oid = d.base
    cross join lateral (
        values
        (1, format(
            'create or replace function s3vl.%I(%s) returns %s %s parallel unsafe rows %s '
            'language sql as %L',
            p.proname, d.arguments, d.result,
            case p.provolatile when 'v' then 'volatile' else 'stable' end,
            p.prorows, d.body
        )),
        (2, format(
            'comment on function %s is %L',
            d.signature,
            format(
                'Takes %s, and does then what s3vl.%I() does with an array. '
                'Made by s3vl.use_pgvector().',
                d.argument_type, p.proname
            )
        )),
        (3, format('alter function %s depends on extension vector', d.signature)),
        (4, (
            select format('alter function %s depends on extension s3vl', d.signature)
            from pg_extension as e
            where e.extname = 's3vl'
        ))
    ) as s (step, statement)
    where s.statement is not null
    order by d.signature, s.step
$$;

comment on function s3vl._overload_statements() is
    'Returns what makes the functions for the types of pgvector, or makes them anew.';

create or replace function s3vl._overload_rights()
    returns setof text
    stable
    rows 50
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        case r.step when 1 then 'revoke all on function %s from %s cascade'
            else 'grant execute on function %s to %s' end,
        d.signature, s3vl._grantee(r.grantee)
    )
    from s3vl._overload_definitions() as d
    inner join pg_proc as b on b.oid = d.base
    inner join pg_proc as p on p.oid = to_regprocedure(d.signature)
    cross join lateral (
        -- What PostgreSQL and default privileges gave.
        select distinct 1 as step, g.grantee
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g
        union
        select distinct 2, g.grantee
        from aclexplode(coalesce(b.proacl, acldefault('f', b.proowner))) as g
    ) as r
    where r.grantee <> p.proowner
    order by r.step, d.signature, r.grantee
$$;

comment on function s3vl._overload_rights() is
    'Returns what lets those call the functions for the types of pgvector, and nobody else, who '
    'may call the functions for arrays.';
