-- Names for indexes. A registered name is what people type, and only registered indexes can be
-- used.

create or replace function s3vl.register_index(
    index_name text,
    index_arn text,
    description text default null
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name constant text collate "C" := register_index.index_name;
    _arn constant text collate "C" := register_index.index_arn;
    _index s3vl.index_registry;
    _problem text;
    _detail text;
    _hint text;
begin
    perform s3vl._check_index_name(_name);
    perform s3vl._check_index_arn(_arn);
    perform s3vl._check_description(register_index.description);
    perform s3vl._check_writable('the index');
    _index.index_arn := _arn;
    -- Asked before anything is locked: deactivate_index() is not to wait for an answer.
    begin
        _index := s3vl._ask_facts(_index, clock_timestamp());
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
            _problem := case sqlstate
                when 'S3V06' then 'S3 Vectors does not have it'
                else 'S3 Vectors could not be queried about it'
            end;
            _detail := s3vl._with_detail(sqlerrm, _detail);
    end;
    perform s3vl._lock_for_change('s3vl.index_registry');
    -- Nothing that was known about the index before may outlive the new ARN.
    delete from s3vl.index_registry as r
    where r.index_name = _name and r.index_arn <> _arn;
    insert into s3vl.index_registry as r (index_name, index_arn, description)
    values (_name, _arn, register_index.description)
    on conflict on constraint index_registry_pkey do update
    set description = coalesce(excluded.description, r.description),
        is_active = true,
        updated_at = excluded.updated_at;
    if _problem is null then
        perform s3vl._remember_facts(_index);
    else
        perform s3vl._warn(
            format('index "%s" is registered, but %s', _name, _problem),
            _detail,
            rtrim(_hint, '.;') || '; then register it again, so that s3vl knows its dimension '
            'and mode and checks them before a call.'
        );
    end if;
    return true;
end;
$$;

comment on function s3vl.register_index(text, text, text) is
    'Registers an index under a name. A name that is registered already gets the new ARN, and the '
    'index becomes active. Returns true. index_name is 1 to 128 characters that can be seen, '
    'spaces within it too, normalized (NFC). Without description the index keeps the one that it '
    'has. Asks GetIndex for dimension, metric and mode, and remembers them; when that fails the '
    'index is registered all the same, with a warning, and is checked less before calls until it '
    'is registered again. Raises 22023 for a malformed name or ARN, and 55P03 while another '
    'session changes the registry.';

create or replace function s3vl.resolve_index_arn(name text)
    returns text
    stable
    parallel unsafe
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := s3vl._registered_index(resolve_index_arn.name collate "C");
begin
    return _index.index_arn;
end;
$$;

comment on function s3vl.resolve_index_arn(text) is
    'Returns the ARN behind a name. The name is that of a registered index. Raises 42704 for an '
    'unknown name and 55000 for an inactive index. No Lambda call.';

create or replace function s3vl.activate_index(name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return s3vl._set_active(activate_index.name collate "C", true);
end;
$$;

comment on function s3vl.activate_index(text) is
    'Makes an index usable again. It undoes s3vl.deactivate_index(), and returns true. Raises '
    '42704 for an unknown name, and 55P03 while another session changes the registry.';

create or replace function s3vl.deactivate_index(name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return s3vl._set_active(deactivate_index.name collate "C", false);
end;
$$;

comment on function s3vl.deactivate_index(text) is
    'Stops the use of an index. Calls that name it, or its ARN, raise 55000; it stays registered. '
    'Returns true. An index with another active name can still be used by that name, and by ARN. '
    'The vectors stay where they are. Raises 42704 for an unknown name, and 55P03 while another '
    'session changes the registry.';

create or replace function s3vl.unregister_index(name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform s3vl._lock_for_change('s3vl.index_registry');
    delete from s3vl.index_registry as r
    where r.index_name = unregister_index.name collate "C";
    if not found then
        perform s3vl._raise_unknown_index(unregister_index.name collate "C");
    end if;
    return true;
end;
$$;

comment on function s3vl.unregister_index(text) is
    'Forgets the name of an index. Returns true. The index and its vectors stay where they are. '
    'Raises 42704 for an unknown name, and 55P03 while another session changes the registry.';
