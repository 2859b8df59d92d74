-- Which role a name means, where a row is saved.

create or replace function s3vl._role_oid(role_name name)
    returns oid
    -- It is not, but a generated column takes no other, and that is what dumps leave out: so roles
    -- are told apart by their oid here, and found by their name where a dump is restored.
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select r.oid
    from pg_roles as r
    where r.rolname = _role_oid.role_name
$$;

comment on function s3vl._role_oid(name) is
    'Returns a role as it is when a row is saved; null when there is none of this name.';
