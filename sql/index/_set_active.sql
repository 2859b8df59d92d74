-- Whether calls may name an index, and the end of a name.

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

create or replace function s3vl._forget(index_names text[])
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from s3vl.index_registry as r
    where r.index_name = any(_forget.index_names);
    return found;
end;
$$;

comment on function s3vl._forget(text[]) is
    'Deletes names from the registry, and returns whether there were any. The last name of an '
    'index stays while a table is bound to it.';
