-- Whether calls may name an index.

create or replace function s3vl._set_active(index_name text, is_active boolean)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform s3vl._lock_for_change('s3vl.index_registry');
    update s3vl.index_registry as r
    set is_active = _set_active.is_active,
        updated_at = now()
    where r.index_name = _set_active.index_name;
    if not found then
        perform s3vl._raise_unknown_index(_set_active.index_name);
    end if;
    return true;
end;
$$;

comment on function s3vl._set_active(text, boolean) is
    'Opens or closes an index, or raises 42704.';
