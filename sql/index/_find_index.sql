-- From index_name or index_arn to a registered index. The registry is the list of what may be
-- reached from here, for everybody: who may extend it is decided by EXECUTE on register_index().

create or replace function s3vl._raise_unknown_index(index_name text)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- One more than is shown, to know whether there are more.
    _names constant text[] := array(
        select r.index_name
        from s3vl.index_registry as r
        order by r.index_name
        limit 6
    );
begin
    raise exception using
        errcode = '42704',
        message = format(
            'index %s is not registered',
            coalesce('"' || s3vl._shown(_raise_unknown_index.index_name) || '"', 'null')
        ),
        hint = concat_ws(
            ' ',
            case when _raise_unknown_index.index_name like 'arn:%'
                then format(
                    'Pass an ARN as index_arn => %L.', s3vl._shown(_raise_unknown_index.index_name)
                )
            end,
            'Registered: ' || s3vl._some_names(_names) || '.',
            'Register it, with admin access: '
            'select s3vl.register_index(''<name>'', ''<index ARN>'');'
        );
end;
$$;

comment on function s3vl._raise_unknown_index(text) is
    'Raises 42704 with up to five of the names that there are.';

create or replace function s3vl._named_index(index_name text)
    returns s3vl.index_registry
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    select r.*
    into _index
    from s3vl.index_registry as r
    where r.index_name = _named_index.index_name;
    if not found then
        perform s3vl._raise_unknown_index(_named_index.index_name);
    end if;
    return _index;
end;
$$;

comment on function s3vl._named_index(text) is
    'Returns the index of this name, active or not.';

create or replace function s3vl._registered_index(index_name text)
    returns s3vl.index_registry
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    _index := s3vl._named_index(_registered_index.index_name);
    perform s3vl._check_active(_index);
    return _index;
end;
$$;

comment on function s3vl._registered_index(text) is
    'Returns the active index of this name.';

create or replace function s3vl._check_active(index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not _check_active.index.is_active then
        raise exception using
            errcode = '55000',
            message = format('index "%s" is inactive', _check_active.index.index_name),
            hint = format(
                'Activate it: select s3vl.activate_index(%L);', _check_active.index.index_name
            );
    end if;
end;
$$;

comment on function s3vl._check_active(s3vl.index_registry) is
    'Refuses an index that was deactivated.';

create or replace function s3vl._registered_arn(index_arn text)
    returns s3vl.index_registry
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    -- An ARN may have several names, and is closed when all of them are.
    select r.*
    into _index
    from s3vl.index_registry as r
    where r.index_arn = _registered_arn.index_arn
    order by r.is_active desc, r.index_name
    limit 1;
    if not found then
        raise exception using
            errcode = '42704',
            message = format('index "%s" is not registered', _registered_arn.index_arn),
            hint = format(
                'Register it, with admin access: select s3vl.register_index(''<name>'', %L);',
                _registered_arn.index_arn
            );
    end if;
    perform s3vl._check_active(_index);
    return _index;
end;
$$;

comment on function s3vl._registered_arn(text) is
    'Returns the index of this ARN, by the first of its active names.';

create or replace function s3vl._find_index(index_name text, index_arn text)
    returns s3vl.index_registry
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if num_nonnulls(_find_index.index_name, _find_index.index_arn) <> 1 then
        raise exception using
            errcode = '22023',
            message = coalesce(
                'index_name "' || s3vl._shown(_find_index.index_name) || '" and index_arn "'
                || s3vl._shown(_find_index.index_arn) || '" are both given',
                'neither index_name nor index_arn is given'
            ),
            hint = 'Pass one of them, for example index_name => ''docs''; see s3vl.list_indexes().';
    end if;
    if _find_index.index_name is not null then
        return s3vl._registered_index(_find_index.index_name);
    end if;
    if _find_index.index_arn !~ ':' then
        raise exception using
            errcode = '22023',
            message = format('index_arn "%s" is not an ARN', s3vl._shown(_find_index.index_arn)),
            hint = format('Pass a name as index_name => %L.', s3vl._shown(_find_index.index_arn));
    end if;
    perform s3vl._check_index_arn(_find_index.index_arn);
    return s3vl._registered_arn(_find_index.index_arn);
end;
$$;

comment on function s3vl._find_index(text, text) is
    'Returns the registered index that exactly one of name and ARN says.';
