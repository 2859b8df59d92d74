-- What is new belongs to the owner of the rest, whoever upgrades: a superuser, or a member of that
-- role. as_before.sql ends it, since `alter extension` may be a part of a transaction.
do $$
begin
    perform set_config('s3vl.role_before', current_setting('role'), true);
    perform set_config('role', pg_get_userbyid(n.nspowner), true)
    from pg_namespace as n
    where n.nspname = 's3vl';
end;
$$;
