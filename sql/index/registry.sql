-- Names for indexes. A registered name is what people type, and only registered indexes can be
-- used.

create or replace function s3vl.register_index(
    index_name text,
    index_arn text,
    description text default null,
    model text default null
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name constant text collate "C" := register_index.index_name;
    _arn constant text collate "C" := register_index.index_arn;
begin
    perform s3vl._check_index_name(_name);
    perform s3vl._check_index_arn(_arn);
    perform s3vl._check_description(register_index.description);
    perform s3vl._check_model(register_index.model);
    perform s3vl._check_writable('the index');
    perform s3vl._register(_name, _arn, register_index.description, clock_timestamp());
    perform s3vl._remember_model(_arn, register_index.model);
    return true;
end;
$$;

comment on function s3vl.register_index(text, text, text, text) is
    'Registers an index under a name. A name that is registered already gets the new ARN, and the '
    'index becomes active. Returns true. index_name is 1 to 128 characters that can be seen, '
    'spaces within it too, normalized (NFC). Without description the index keeps the one that it '
    'has. model names the model that made the vectors, for expected_model of s3vl.query_vectors() '
    'and its like; all names of an ARN share it, without model it stays, and an empty text takes '
    'it away. Asks GetIndex for dimension, metric and mode, and remembers them; when that fails '
    'the index is registered all the same, with a warning, and is checked less before calls until '
    'it is registered again. Raises 22023 for a malformed name or ARN, and 55P03 while another '
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

create or replace function s3vl.index_model(name text)
    returns text
    stable
    parallel unsafe
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (s3vl._named_index(index_model.name collate "C")).model;
end;
$$;

comment on function s3vl.index_model(text) is
    'Returns the model of an index. It is the one that s3vl.register_index() or '
    's3vl.create_index() was told, and null when nobody has said. Raises 42704 for an unknown '
    'name. No Lambda call.';

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
    if not s3vl._forget(array[unregister_index.name collate "C"]) then
        perform s3vl._raise_unknown_index(unregister_index.name collate "C");
    end if;
    return true;
end;
$$;

comment on function s3vl.unregister_index(text) is
    'Forgets the name of an index. Returns true. The index and its vectors stay where they are. '
    'Raises 42704 for an unknown name, and 55P03 while another session changes the registry.';
