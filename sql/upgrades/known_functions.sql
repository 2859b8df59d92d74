-- Which functions are there before an upgrade: privileges.sql asks for it, to tell what is new.
do $$
begin
    perform set_config(
        's3vl.known_functions',
        (
            select array_agg(p.oid)::text
            from pg_proc as p
            where p.pronamespace = 's3vl'::regnamespace
        ),
        true
    );
end;
$$;
