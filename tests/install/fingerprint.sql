-- Everything that makes up s3vl in a database, one fact a line, whoever owns it and whatever its OIDs are. Without
-- the functions that an upgrade has left for calls that ran meanwhile: those are in the test of upgrades under load.
with rights as (
    select
        a.classid, a.objid, a.objsubid,
        string_agg(
            format(
                '%s:%s%s',
                case g.grantee
                    when 0 then 'public'
                    when a.owner then 'owner'
                    else g.grantee::regrole::text
                end,
                g.privilege_type,
                case when g.is_grantable then '*' end
            ),
            ' ' order by g.grantee = a.owner, g.grantee, g.privilege_type
        ) as rights
    from (
        select 'pg_namespace'::regclass, n.oid, 0, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
        from pg_namespace as n
        union all
        select 'pg_proc'::regclass, p.oid, 0, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
        from pg_proc as p
        union all
        select 'pg_class'::regclass, c.oid, 0, c.relowner, coalesce(c.relacl, acldefault('r', c.relowner))
        from pg_class as c
        union all
        select 'pg_class'::regclass, a.attrelid, a.attnum, c.relowner, a.attacl
        from pg_attribute as a
        inner join pg_class as c on c.oid = a.attrelid
        union all
        select 'pg_type'::regclass, t.oid, 0, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
        from pg_type as t
    ) as a (classid, objid, objsubid, owner, acl)
    cross join lateral aclexplode(a.acl) as g
    group by a.classid, a.objid, a.objsubid
),

facts as (
    select 'pg_namespace'::regclass as classid, n.oid as objid, 0 as objsubid, n.oid as schema,
        'schema' as kind, n.nspname::text as name, '' as definition
    from pg_namespace as n
    union all
    select 'pg_proc'::regclass, p.oid, 0, p.pronamespace, 'function', p.oid::regprocedure::text,
        pg_get_functiondef(p.oid)
    from pg_proc as p
    where p.prokind in ('f', 'p')
    union all
    select 'pg_class'::regclass, c.oid, 0, c.relnamespace, 'relation', c.relname,
        concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.reloptions, pg_get_viewdef(c.oid))
    from pg_class as c
    where c.relkind <> 'i'
    union all
    select 'pg_class'::regclass, c.oid, a.attnum, c.relnamespace, 'column', c.relname || '.' || a.attname,
        concat_ws(
            ' ',
            'at', row_number() over (partition by c.oid order by a.attnum),
            format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation,
            case when a.attnotnull then 'not null' end,
            a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid)
        )
    from pg_class as c
    inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind not in ('i', 'S')
    union all
    select 'pg_constraint'::regclass, o.oid, 0, o.connamespace, 'constraint', o.conname,
        concat_ws(' ', o.conrelid::regclass, pg_get_constraintdef(o.oid))
    from pg_constraint as o
    union all
    select 'pg_class'::regclass, i.indexrelid, 0, c.relnamespace, 'index', c.relname,
        pg_get_indexdef(i.indexrelid)
    from pg_index as i
    inner join pg_class as c on c.oid = i.indexrelid
    union all
    select 'pg_trigger'::regclass, t.oid, 0, c.relnamespace, 'trigger', t.tgname, pg_get_triggerdef(t.oid)
    from pg_trigger as t
    inner join pg_class as c on c.oid = t.tgrelid
    where not t.tgisinternal
    union all
    select 'pg_type'::regclass, t.oid, 0, t.typnamespace, 'type', t.typname,
        concat_ws(' ', t.typtype, t.typcategory, t.typbasetype::regtype)
    from pg_type as t
)

select
    f.kind, f.name, f.definition, r.rights,
    case f.objsubid
        when 0 then obj_description(f.objid, f.classid::regclass::text::name)
        else col_description(f.objid, f.objsubid)
    end as comment
from facts as f
left join rights as r using (classid, objid, objsubid)
where f.schema = 's3vl'::regnamespace
    and (
        f.kind <> 'function' or obj_description(f.objid, 'pg_proc') not like 'Left by an upgrade%'
    ) is not false
order by f.kind collate "C", f.name collate "C", f.definition collate "C"
