-- The rights on s3vl as they are, and what takes them from a role.

create or replace function s3vl._grantee(role oid)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case _grantee.role
        when 0 then 'public'
        else quote_ident(pg_get_userbyid(_grantee.role))
    end
$$;

comment on function s3vl._grantee(oid) is
    'Returns a role as GRANT takes it.';

create or replace function s3vl._rights()
    returns table (
        object text,
        privilege text,
        grantor oid,
        grantee oid,
        is_grantable boolean,
        is_of_owner boolean
    )
    stable
    rows 100
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        o.object,
        g.privilege_type || o.columns,
        g.grantor,
        g.grantee,
        g.is_grantable,
        g.grantor = o.owner
    from pg_namespace as n
    cross join lateral (
        select 'schema s3vl', '', n.nspowner, n.nspacl
        union all
        select 'routine ' || p.oid::regprocedure, '', p.proowner, p.proacl
        from pg_proc as p
        where p.pronamespace = n.oid
        union all
        select
            case c.relkind when 'S' then 'sequence ' else 'table ' end || c.oid::regclass,
            '',
            c.relowner,
            c.relacl
        from pg_class as c
        where c.relnamespace = n.oid
        union all
        select 'table ' || c.oid::regclass, format(' (%I)', a.attname), c.relowner, a.attacl
        from pg_class as c
        inner join pg_attribute as a on a.attrelid = c.oid
        where c.relnamespace = n.oid
        union all
        select 'type ' || t.oid::regtype, '', t.typowner, t.typacl
        from pg_type as t
        where t.typnamespace = n.oid
    ) as o (object, columns, owner, acl)
    cross join lateral aclexplode(o.acl) as g
    where n.nspname = 's3vl'
        and o.owner = n.nspowner
        and g.grantee <> o.owner
        -- Types are everybody's to use, and so is what the public functions run as their caller.
        and not (g.grantee = 0 and (
            o.object like 'type %' or (o.object, g.privilege_type || o.columns) in (
                select p.object, p.privilege from s3vl._public_rights() as p
            )
        ))
$$;

comment on function s3vl._rights() is
    'Lists the rights on what belongs to s3vl, but not those of its owner. Object and privilege '
    'are written as in GRANT, grantee 0 is PUBLIC, and is_of_owner tells whether the owner granted '
    'it.';

create or replace function s3vl._rights_without(role oid)
    returns table (
        object text,
        privilege text,
        grantor oid,
        grantee oid,
        is_grantable boolean,
        is_of_owner boolean
    )
    stable
    rows 100
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    with recursive rights as (
        select r.*
        from s3vl._rights() as r
        where r.grantee <> _rights_without.role
    ),

    kept as (
        select r.*
        from rights as r
        where r.is_of_owner
        union
        select r.*
        from kept as k
        inner join rights as r
            on r.object = k.object and r.privilege = k.privilege and r.grantor = k.grantee
        where k.is_grantable
    )

    select k.*
    from kept as k
$$;

comment on function s3vl._rights_without(oid) is
    'Lists the rights that remain when a role loses its own: those that do not stem from it.';

-- Only who has granted a right may revoke it, and others may have: whoever has a grant option. But
-- the owner may take the grant option from them, and with it all that they gave. Then everybody
-- else gets again, from the owner, what does not stem from the role.
create or replace function s3vl._revocation(role oid)
    returns setof text
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    with passed_on as (
        select distinct r.object, r.privilege
        from s3vl._rights() as r
        where r.grantee = _revocation.role and not r.is_of_owner
    ),

    kept as (
        select k.*, s3vl._grantee(k.grantee) as grantee_name
        from s3vl._rights_without(_revocation.role) as k
        inner join passed_on as p on p.object = k.object and p.privilege = k.privilege
    )

    select s.statement
    from (
        select
            1,
            format('revoke all on %s from %s cascade', r.object, s3vl._grantee(_revocation.role))
        from s3vl._rights() as r
        where r.grantee = _revocation.role and r.is_of_owner
        union
        select
            2,
            format(
                'revoke grant option for %s on %s from %s cascade',
                k.privilege, k.object, k.grantee_name
            )
        from kept as k
        where k.is_of_owner and k.is_grantable
        union
        select
            3,
            format(
                'grant %s on %s to %s%s',
                k.privilege,
                k.object,
                k.grantee_name,
                case when bool_or(k.is_grantable) then ' with grant option' end
            )
        from kept as k
        group by k.privilege, k.object, k.grantee_name
    ) as s (position, statement)
    order by s.position, s.statement
$$;

comment on function s3vl._revocation(oid) is
    'Returns the statements that take every right on s3vl from a role.';

create or replace function s3vl._heirs(role oid)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(distinct s3vl._grantee(r.grantee), ', ')
    from s3vl._rights() as r
    where r.grantee <> _heirs.role
        and not exists (
            select
            from s3vl._rights_without(_heirs.role) as k
            where k.object = r.object and k.privilege = r.privilege and k.grantee = r.grantee
        )
$$;

comment on function s3vl._heirs(oid) is
    'Returns who has a right only because a role has passed it on; null when nobody has.';
