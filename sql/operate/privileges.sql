-- Who may do what. PostgreSQL lets everybody execute a new function; s3vl lets nobody but its
-- owner.
revoke all on schema s3vl from public;
revoke all on all tables in schema s3vl from public;
revoke all on all functions in schema s3vl from public;

-- `alter default privileges` may have given others rights on all of it: to read the tables, to
-- execute internal functions, or to put functions of their own beside them.
do $$
declare
    _grantee name;
begin
    for _grantee in
        select distinct r.rolname
        from pg_default_acl as d
        cross join lateral aclexplode(d.defaclacl) as g
        inner join pg_roles as r on r.oid = g.grantee
        where d.defaclnamespace = 0
            and pg_get_userbyid(d.defaclrole) = current_user
            and r.rolname <> current_user
    loop
        perform s3vl._revoke_all(_grantee);
    end loop;
end;
$$;
