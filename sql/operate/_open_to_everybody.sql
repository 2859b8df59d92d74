-- What the public functions run as their caller: see base/_caller.sql.

create or replace function s3vl._open_to_everybody()
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _statement text;
begin
    for _statement in
        select format('grant %s on %s to public', p.privilege, p.object)
        from s3vl._public_rights() as p
        where not case p.privilege
            when 'SELECT' then has_table_privilege('public', 's3vl.caller', 'select')
            else has_function_privilege('public', replace(p.object, 'routine ', ''), 'execute')
        end
    loop
        perform s3vl._change_rights(_statement);
    end loop;
end;
$$;

comment on function s3vl._open_to_everybody() is
    'Lets everybody run what the public functions run as their caller, where somebody has revoked '
    'it.';
