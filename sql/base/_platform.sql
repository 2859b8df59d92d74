-- What s3vl needs of the database: the encoding UTF8, and the extension aws_lambda itself. Whoever
-- may create a schema in a database without the extension can make one of its name, whose code
-- would run as the owner of s3vl: so that is looked at again before each call.

create or replace function s3vl._has_aws_lambda()
    returns boolean
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- All functions of that name, as PostgreSQL chooses among them.
    return coalesce(
        (
            select bool_and(
                exists (
                    select
                    from pg_depend as d
                    inner join pg_extension as e on e.oid = d.refobjid
                    where d.classid = 'pg_proc'::regclass
                        and d.objid = p.oid
                        and d.refclassid = 'pg_extension'::regclass
                        and d.deptype = 'e'
                        and e.extname = 'aws_lambda'
                )
            )
            from pg_proc as p
            where p.pronamespace = to_regnamespace('aws_lambda') and p.proname = 'invoke'
        ),
        false
    );
end;
$$;

comment on function s3vl._has_aws_lambda() is
    'Tells whether aws_lambda.invoke is there, and belongs to the extension.';

create or replace function s3vl._platform_failures()
    returns table (
        check_name text,
        may_come boolean,
        errcode text,
        message text,
        detail text,
        hint text
    )
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select f.check_name, f.may_come, f.errcode, f.message, f.detail, f.hint
    from
        (
            select
                getdatabaseencoding() as encoding,
                (
                    select pg_get_userbyid(n.nspowner)
                    from pg_namespace as n
                    where n.nspname = 'aws_lambda'
                ) as aws_lambda_owner,
                s3vl._has_aws_lambda() as has_aws_lambda
        ) as c
    cross join lateral (
        values
        (c.encoding <> 'UTF8', 'database encoding', false, '55000',
            format('the encoding of this database is %s, but s3vl needs UTF8', c.encoding),
            'Ids and metadata would be corrupted.',
            'Use a database with encoding UTF8. To create one, type: '
            'create database <name> encoding ''UTF8'' template template0;'),
        (c.aws_lambda_owner is null, 'extension aws_lambda', true, '55000',
            'the extension aws_lambda is not installed in this database',
            '',
            'Type: create extension aws_lambda cascade;'),
        (c.aws_lambda_owner is not null and not c.has_aws_lambda,
            'extension aws_lambda', false, '55000',
            'the schema aws_lambda does not belong to the extension',
            format('It belongs to role %s, and s3vl would run its code as role %I.',
                quote_ident(c.aws_lambda_owner), current_user),
            'Inspect it, then type: drop schema aws_lambda cascade; '
            'create extension aws_lambda cascade;')
    ) as f (applies, check_name, may_come, errcode, message, detail, hint)
    where f.applies
$$;

comment on function s3vl._platform_failures() is
    'Says what is wrong with the database, one row each. may_come is what an installation need not '
    'find yet.';

create or replace function s3vl._require_platform(check_name text default null)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _failure record;
begin
    select f.*
    into _failure
    from s3vl._platform_failures() as f
    where f.check_name = _require_platform.check_name
        or (_require_platform.check_name is null and not f.may_come)
    limit 1;
    if found then
        raise exception using
            errcode = _failure.errcode,
            message = _failure.message,
            detail = _failure.detail,
            hint = _failure.hint;
    end if;
end;
$$;

comment on function s3vl._require_platform(text) is
    'Raises 55000 for what is wrong with the database in one respect, or in any but for what may '
    'still come.';
