-- To PostgreSQL a function with one more argument is another function. The old one gets
-- another name, by which views and calls that have begun still find it, and whoever may execute it
-- may execute the new one. Default privileges say so before that is created: a grant in the script
-- of an extension would be taken for the extension's own, and be missing in dumps. Here the new
-- one has no body; that follows below.
do $$
declare
    _owner constant oid := current_user::regrole;
    _grant_all constant text := 'alter default privileges%s grant execute on functions to %s%s';
    _revoke_all constant text := 'alter default privileges%s revoke execute on functions from %s';
    _defaults constant jsonb[] := array(
        select jsonb_build_array(
            p.place, coalesce(quote_ident(r.rolname), 'public'),
            case when g.is_grantable then ' with grant option' else '' end
        )
        from (
            values
            (0::oid, '', acldefault('f', _owner)),
            ('s3vl'::regnamespace, ' in schema s3vl', null)
        ) as p (schema, place, built_in)
        left join pg_default_acl as a
            on a.defaclrole = _owner and a.defaclnamespace = p.schema and a.defaclobjtype = 'f'
        cross join lateral aclexplode(coalesce(a.defaclacl, p.built_in)) as g
        left join pg_roles as r on r.oid = g.grantee
        where g.grantee <> _owner
    );
    _grant jsonb;
    _function record;
begin
    -- What the owner gives to others by default is not for these functions.
    foreach _grant in array _defaults loop
        execute format(_revoke_all, _grant ->> 0, _grant ->> 1);
    end loop;
    for _function in
        select
            p.proname as name,
            p.oid::regprocedure as old,
            concat_ws(', ', pg_get_function_arguments(p.oid), n.argument) as arguments,
            pg_get_function_result(p.oid) as result,
            array(
                select jsonb_build_array(
                    ' in schema s3vl', coalesce(quote_ident(r.rolname), 'public'),
                    case when g.is_grantable then ' with grant option' else '' end
                )
                from aclexplode(coalesce(p.proacl, acldefault('f', _owner))) as g
                left join pg_roles as r on r.oid = g.grantee
                where g.grantee <> _owner
            ) as grants
        from (
            values
            ('query_vectors', 'expected_model text default null'),
            ('query_vectors_batch', 'expected_model text default null'),
            ('query_hybrid', 'expected_model text default null'),
            ('register_index', 'model text default null')
        ) as n (name, argument)
        inner join pg_proc as p
            on p.proname = n.name
            and p.pronamespace = 's3vl'::regnamespace
            and p.proowner = _owner
    loop
        execute format('alter function %s rename to _%s_1_0', _function.old, _function.name);
        foreach _grant in array _function.grants loop
            execute format(_grant_all, _grant ->> 0, _grant ->> 1, _grant ->> 2);
        end loop;
        execute format(
            'create function s3vl.%s(%s) returns %s language plpgsql as ''begin end''',
            _function.name, _function.arguments, _function.result
        );
        foreach _grant in array _function.grants loop
            execute format(_revoke_all, _grant ->> 0, _grant ->> 1);
        end loop;
    end loop;
    foreach _grant in array _defaults loop
        execute format(_grant_all, _grant ->> 0, _grant ->> 1, _grant ->> 2);
    end loop;
end;
$$;
