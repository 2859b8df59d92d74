-- The columns of a table as its triggers know them. A table may get others at any time.

create or replace function s3vl._other_columns(binding s3vl.binding)
    returns jsonb
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- A trigger cannot read a column that is computed on reading, nor set every domain to null.
    return (
        select
            case
                when not bool_or(a.attgenerated = 'v' or t.typtype = 'd')
                    then jsonb_object_agg(a.attname, null)
            end
        from pg_attribute as a
        inner join pg_type as t on t.oid = a.atttypid
        where a.attrelid = _other_columns.binding.source
            and a.attnum > 0
            and not a.attisdropped
            and a.attname <> _other_columns.binding.key_column
    );
end;
$$;

comment on function s3vl._other_columns(s3vl.binding) is
    'Returns the columns of a table but its key, as the triggers use them.';

create or replace function s3vl._follow_columns(binding s3vl.binding)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _columns constant jsonb := s3vl._other_columns(_follow_columns.binding);
begin
    -- Who changes a binding locks it before its state, and a turn has locked the state: it must not
    -- wait.
    update s3vl.binding as b
    set other_columns = _columns
    where b.binding_id = (
        select o.binding_id
        from s3vl.binding as o
        where o.binding_id = _follow_columns.binding.binding_id
            and o.other_columns is distinct from _columns
        for no key update skip locked
    );
end;
$$;

comment on function s3vl._follow_columns(s3vl.binding) is
    'Lets triggers know the columns that a table has now: of a row with others they take longer to '
    'tell whether it has changed.';
