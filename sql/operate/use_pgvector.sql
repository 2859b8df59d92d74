-- Searching with the types of pgvector, without a cast.

create or replace function s3vl.use_pgvector(drop boolean default false)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _statement text;
begin
    perform s3vl._check_boolean('drop', use_pgvector.drop);
    if not use_pgvector.drop and not exists (
        select from pg_extension as e where e.extname = 'vector'
    ) then
        raise exception using
            errcode = '55000',
            message = 'the extension vector is not installed in this database',
            hint = 'Type: create extension vector;';
    end if;
    perform s3vl._lock_for_change('s3vl.index_registry');
    -- A view on one that stays as it is does not have to be made anew.
    foreach _statement in array array(
        select format('drop function %s', u.oid::regprocedure)
        from unnest(
            case when use_pgvector.drop then s3vl._overloads() else s3vl._obsolete_overloads() end
        ) as u (oid)
    )
    loop
        perform s3vl._change_rights(_statement);
    end loop;
    if not use_pgvector.drop then
        foreach _statement in array array(select s.* from s3vl._overload_statements() as s) loop
            perform s3vl._change_rights(_statement);
        end loop;
        foreach _statement in array array(select r.* from s3vl._overload_rights() as r) loop
            perform s3vl._change_rights(_statement);
        end loop;
    end if;
    return cardinality(s3vl._overloads()) > 0;
end;
$$;

comment on function s3vl.use_pgvector(boolean) is
    'Adds searches by pgvector types. It makes overloads of the functions that search with a '
    'vector, which take vector, halfvec or text in place of an array. They run as their caller, '
    'and whoever may call the function for arrays may call them. Call it again after an upgrade of '
    's3vl. drop => true drops them, and so does drop extension vector. Returns whether there are '
    'any now. A literal or parameter without a type is then taken for a text, {1,2} or [1,2]; a '
    'driver that asks PostgreSQL for the type, as asyncpg does, needs a cast. Raises 55000 without '
    'the extension vector, 2BP01 when something is built on one that has to be dropped, and 55P03 '
    'while another session changes access or indexes. No Lambda call.';
