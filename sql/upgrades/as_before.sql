-- The session is again the role that it was before as_owner.sql.
do $$
begin
    perform set_config('role', current_setting('s3vl.role_before'), true);
end;
$$;
