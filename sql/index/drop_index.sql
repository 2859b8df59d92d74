-- Ending an index in S3 Vectors, and its names here.

create or replace function s3vl.drop_index(index_name text, force boolean default false)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started constant timestamptz := clock_timestamp();
    _arn text collate "C";
    _request json;
    _result jsonb;
begin
    perform s3vl._check_boolean('force', drop_index.force);
    perform s3vl._check_writable('the registry');
    -- Before the index is gone, so that no other session can keep its names here.
    perform s3vl._lock_for_change('s3vl.index_registry');
    _arn := (s3vl._named_index(drop_index.index_name collate "C")).index_arn;
    -- While a table is bound to it, it is not dropped.
    perform s3vl._forget(
        array(select r.index_name from s3vl.index_registry as r where r.index_arn = _arn)
    );
    -- There will be nothing to keep from anybody. (A new index of the name has the same ARN.)
    delete from s3vl.restricted_index as i where i.index_arn = _arn;
    if found then
        perform s3vl._note_restriction_change();
    end if;
    _request := json_build_object('index_arn', _arn, 'force', drop_index.force);
    select p.result
    into _result
    from s3vl._ask('delete_index', _request, _started) as p (result);
    if jsonb_typeof(_result -> 'existed') is distinct from 'boolean' then
        perform s3vl._raise_malformed('without saying whether the index existed', _result::text);
    end if;
    return _result -> 'existed' = 'true';
end;
$$;

comment on function s3vl.drop_index(text, boolean) is
    'Deletes an index. Its names are forgotten; returns true, or false when S3 Vectors did not '
    'have it any more. It may be active or not. The parameter ManageIndexes of the stack has to '
    'be true. An index that holds vectors is deleted only with force => true; a look comes before '
    'the deletion, and what others write between the two is deleted too. S3 Vectors is not '
    'transactional: after a ROLLBACK the index is gone and its names are still registered; drop '
    'it again. Raises 42704 for an unknown name, 55000 while a table is bound to it, 55006 for an '
    'index that holds vectors, 55P03 while another session changes the registry, and S3V01 to '
    'S3V05.';
