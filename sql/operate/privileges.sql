-- Who may do what. PostgreSQL lets everybody execute a new function; s3vl lets nobody but its
-- owner.
revoke all on schema s3vl from public;
revoke all on all tables in schema s3vl from public;
revoke all on all routines in schema s3vl from public;

-- `alter default privileges` may have given others rights on all of it: to read the tables, to
-- execute internal functions, or to put functions of their own beside them.
do $$
declare
    _role oid;
begin
    for _role in select distinct r.grantee from s3vl._rights() as r
    loop
        perform s3vl._revoke_rights(_role);
    end loop;
    perform s3vl._open_to_everybody();
end;
$$;
