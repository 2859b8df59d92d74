-- Bindings by their name.

create or replace function s3vl._raise_unknown_binding(binding_name text)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- One more than is shown, to know whether there are more.
    _names constant text[] := array(
        select b.binding_name
        from s3vl.binding as b
        order by b.binding_name
        limit 6
    );
begin
    raise exception using
        errcode = '42704',
        message = format(
            'there is no binding %s',
            coalesce('"' || s3vl._shown(_raise_unknown_binding.binding_name) || '"', 'null')
        ),
        hint = concat_ws(
            ' ',
            'There are: ' || s3vl._some_names(_names) || '.',
            'See s3vl.list_bindings(), or bind a table with s3vl.bind_table().'
        );
end;
$$;

comment on function s3vl._raise_unknown_binding(text) is
    'Raises 42704 with up to five of the names that there are.';

create or replace function s3vl._find_binding(binding_name text)
    returns s3vl.binding
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding;
begin
    select b.*
    into _binding
    from s3vl.binding as b
    where b.binding_name = _find_binding.binding_name collate "C";
    if not found then
        perform s3vl._raise_unknown_binding(_find_binding.binding_name);
    end if;
    return _binding;
end;
$$;

comment on function s3vl._find_binding(text) is
    'Returns the binding of this name.';

create or replace function s3vl._lasting_binding(binding_name text)
    returns s3vl.binding
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._find_binding(_lasting_binding.binding_name);
begin
    if _binding.is_ending then
        raise exception using
            errcode = '55000',
            message = format('binding "%s" is ending', _binding.binding_name),
            hint = 'Its vectors are being deleted. When they are, bind the table again with '
                's3vl.bind_table().';
    end if;
    return _binding;
end;
$$;

comment on function s3vl._lasting_binding(text) is
    'Returns the binding of this name, or refuses it because it is ending.';
