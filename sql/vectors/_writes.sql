-- Writing and deleting vectors, for a caller who brings a seal.

create or replace function s3vl._put_vectors(
    caller s3vl.caller,
    vectors s3vl.vector_record[],
    index_name text,
    index_arn text
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Plans made for one array alone have a copy of it in them.
    set plan_cache_mode = force_generic_plan
as $$
declare
    _started timestamptz := clock_timestamp();
    _open record;
    _index s3vl.index_registry;
begin
    _open := s3vl._open_index(
        _put_vectors.caller, 'put_vectors', _put_vectors.index_name, _put_vectors.index_arn
    );
    _index := _open.index;
    perform s3vl._check_records(_put_vectors.vectors, _index);
    perform s3vl._check_own_records(_put_vectors.vectors, _index, _open.restriction);
    return s3vl._put_records(
        _put_vectors.vectors, _index.index_arn, _started, null, _open.restriction
    );
end;
$$;

comment on function s3vl._put_vectors(s3vl.caller, s3vl.vector_record[], text, text) is
    'Does what s3vl.put_vectors() is asked for, as far as its caller may.';

create or replace function s3vl._delete_vectors(
    caller s3vl.caller,
    vector_ids text[],
    index_name text,
    index_arn text
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _open record;
    _index s3vl.index_registry;
    _ids text[];
begin
    _open := s3vl._open_index(
        _delete_vectors.caller,
        'delete_vectors',
        _delete_vectors.index_name,
        _delete_vectors.index_arn
    );
    _index := _open.index;
    _ids := s3vl._distinct_ids(_delete_vectors.vector_ids collate "C");
    return s3vl._delete_ids(_ids, _index.index_arn, _started, null, _open.restriction);
end;
$$;

comment on function s3vl._delete_vectors(s3vl.caller, text[], text, text) is
    'Does what s3vl.delete_vectors() is asked for, as far as its caller may.';
