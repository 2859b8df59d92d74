-- Another index under a name that is in use. The two names swap what they stand for, so that the
-- index that was in use keeps a name, by which its bindings go on and the way back is the same.

create or replace function s3vl.switch_index(
    index_name text,
    to_index_name text,
    force boolean default false
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _to_index s3vl.index_registry;
begin
    perform s3vl._check_boolean('force', switch_index.force);
    perform s3vl._check_writable('the registry');
    perform s3vl._lock_for_change('s3vl.index_registry');
    _index := s3vl._registered_index(switch_index.index_name collate "C");
    _to_index := s3vl._registered_index(switch_index.to_index_name collate "C");
    if _index.index_arn = _to_index.index_arn then
        raise exception using
            errcode = '22023',
            message = format(
                '"%s" and "%s" are names of the same index',
                _index.index_name,
                _to_index.index_name
            ),
            hint = 'Pass the names of two indexes: see s3vl.list_indexes().';
    end if;
    perform s3vl._check_same_restrictions(_index, _to_index);
    if not switch_index.force then
        perform s3vl._check_ready(_index, _to_index);
    end if;
    -- Searches read the row of a name once, so that each is wholly of the one or of the other.
    update s3vl.index_registry as r
    set index_arn = o.index_arn,
        dimension = o.dimension,
        distance_metric = o.distance_metric,
        index_mode = o.index_mode,
        non_filterable_keys = o.non_filterable_keys,
        text_keys = o.text_keys,
        described_at = o.described_at,
        model = o.model,
        updated_at = now()
    from s3vl.index_registry as o
    where (r.index_name, o.index_name) in (
        (_index.index_name, _to_index.index_name), (_to_index.index_name, _index.index_name)
    );
    return true;
end;
$$;

comment on function s3vl.switch_index(text, text, boolean) is
    'Points a name at another index. Two registered names swap their indexes, with dimension, '
    'metric, mode and model; returns true. Searches that begin after it commits use the other '
    'index, and none uses both. Descriptions stay with the names. Bindings stay with their '
    'indexes, and both go on, so that the same call switches back. Refused with 55000 while the '
    'index of to_index_name is not known to have all that is in the tables bound to the other: a '
    'table that is not bound to it; a binding that is paused, broken or ending, or that was '
    'changed or filled after its last verify; a verify that has failed, has found differences, or '
    'has marked them for a repair that is still to be sent; a backfill that is not finished; a '
    'change that waits for over a minute; rows that were refused; or more rows without an '
    'embedding. force => true switches all the same, but not between indexes that '
    's3vl.restrict_index() has restricted otherwise. Raises 22023 for two names of one index, '
    '42704, 55000, and 55P03 while another session changes the registry.';
