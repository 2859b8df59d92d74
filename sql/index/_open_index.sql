-- The one way from a caller to an index. Whatever reads or writes vectors for somebody begins here,
-- and keeps to the restriction that comes with the index.

create or replace function s3vl._open_index(
    caller s3vl.caller,
    function_name name,
    index_name text,
    index_arn text,
    out index s3vl.index_registry,
    out restriction jsonb
)
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _role_name constant name := s3vl._check_caller(
        _open_index.caller, _open_index.function_name
    );
begin
    _open_index.index := s3vl._find_index(
        _open_index.index_name collate "C", _open_index.index_arn collate "C"
    );
    _open_index.restriction := s3vl._restriction(
        _open_index.index, _open_index.caller.role_oid, _role_name
    );
end;
$$;

comment on function s3vl._open_index(s3vl.caller, name, text, text) is
    'Returns the index that a public function is to use for its caller, and to which part of it '
    'the caller is restricted; null for all of it.';

create or replace function s3vl._restricted_filter(restriction jsonb, metadata_filter jsonb)
    returns jsonb
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Around that of the caller, which can so narrow it and no more.
    select case
        when _restricted_filter.restriction is null then _restricted_filter.metadata_filter
        when coalesce(_restricted_filter.metadata_filter, '{}') = '{}'
            then _restricted_filter.restriction
        else jsonb_build_object(
            '$and',
            jsonb_build_array(_restricted_filter.restriction, _restricted_filter.metadata_filter)
        )
    end
$$;

comment on function s3vl._restricted_filter(jsonb, jsonb) is
    'Returns a filter that finds nothing outside of a restriction.';
