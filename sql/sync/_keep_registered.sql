-- A binding belongs to an index, and not to one of its names, which may move to another index. The
-- registry tells how to reach it, so that one name at least has to stay.

create or replace function s3vl._bound_index(binding s3vl.binding)
    returns s3vl.index_registry
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- By the name that s3vl._registered_arn() finds too.
    select r
    from s3vl.index_registry as r
    where r.index_arn = _bound_index.binding.index_arn
    order by r.is_active desc, r.index_name
    limit 1
$$;

comment on function s3vl._bound_index(s3vl.binding) is
    'Returns the index that a table is bound to, active or not, by the first of its names.';

create or replace function s3vl._keep_registered()
    returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding;
begin
    select b.*
    into _binding
    from s3vl.binding as b
    where b.index_arn = old.index_arn
        and not exists (
            select from s3vl.index_registry as r where r.index_arn = old.index_arn
        )
    order by b.binding_name
    limit 1;
    if found then
        raise exception using
            errcode = '55000',
            message = format('index "%s" is bound to a table', old.index_name),
            detail = format('Binding "%s" of table %s.', _binding.binding_name, _binding.source),
            hint = format(
                'End the binding first: select s3vl.unbind_table(%L); to give up only this name, '
                'register the index under another one first: '
                'select s3vl.register_index(''<name>'', %L);',
                _binding.binding_name,
                old.index_arn
            );
    end if;
    return null;
end;
$$;

comment on function s3vl._keep_registered() is
    'Refuses to forget the last name of an index that a table is bound to.';

create or replace trigger index_registry_keep_registered
    after delete on s3vl.index_registry
    for each row execute function s3vl._keep_registered();
