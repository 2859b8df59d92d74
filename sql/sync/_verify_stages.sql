-- The stages of a verify. Each takes the job as it is, works on one page, and returns it as it is
-- then: s3vl._verify_turn() saves it.

create or replace function s3vl._next_stage(job s3vl.sync_job, stage integer)
    returns s3vl.sync_job
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job := _next_stage.job;
begin
    _job.stage := _next_stage.stage;
    _job.stage_done := 0;
    _job.stage_sums := null;
    _job.next_token := null;
    _job.last_key := null;
    _job.restarts := 0;
    return _job;
end;
$$;

comment on function s3vl._next_stage(s3vl.sync_job, integer) is
    'Returns a job at the beginning of a stage.';

create or replace function s3vl._begin_segment_again(job s3vl.sync_job)
    returns s3vl.sync_job
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job := _begin_segment_again.job;
    _restarts constant integer := _job.restarts + 1;
begin
    _job.done := _job.done - _job.stage_done;
    _job := s3vl._next_stage(_job, _job.stage);
    _job.restarts := _restarts;
    -- One that s3vl owes is never given up.
    if _restarts >= 10 and not _job.is_owed then
        _job.state := 'failed';
        _job.sqlstate := '55000';
        _job.error := format(
            'segment %s of 16 was begun 10 times, and its token was too old each time',
            _job.stage + 1
        );
        _job.hint := 'S3 Vectors forgets a token after some minutes. Schedule s3vl.sync() more '
            'often, or with more max_seconds, and start the job again.';
    end if;
    return _job;
end;
$$;

comment on function s3vl._begin_segment_again(s3vl.sync_job) is
    'Returns a job at the beginning of its segment, or failed when that was too often.';

create or replace function s3vl._verify_segment(
    binding s3vl.binding,
    index s3vl.index_registry,
    job s3vl.sync_job,
    started timestamptz
)
    returns s3vl.sync_job
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _verify_segment.binding;
    _job s3vl.sync_job := _verify_segment.job;
    _page record;
    _keys text[];
    _first record;
begin
    select p.*
    into _page
    from s3vl._list_page(_verify_segment.index, _job, _verify_segment.started) as p;
    if _page.next_token = '' then
        return s3vl._begin_segment_again(_job);
    end if;
    _keys := s3vl._own_keys(_binding, _page.ids);
    select j.*
    into _first
    from s3vl._judge(_binding, _verify_segment.index, _keys, _page.ids, _page.metadata) as j;
    perform s3vl._note_second_look(
        _binding, _verify_segment.index, _job.job_id, _first.wrong, _verify_segment.started
    );
    _job.stage_sums := s3vl._with_keys(
        coalesce(_job.stage_sums, array_fill(0::bigint, array[cardinality(_job.sums)])),
        _first.seen
    );
    _job.stage_done := _job.stage_done + cardinality(_keys);
    _job.done := _job.done + cardinality(_keys);
    _job.next_token := _page.next_token;
    if _job.next_token is null then
        _job.sums := array(
            select s.whole # s.segment
            from unnest(_job.sums, _job.stage_sums) with ordinality as s (whole, segment, bucket)
            order by s.bucket
        );
        _job := s3vl._next_stage(_job, _job.stage + 1);
    end if;
    return _job;
end;
$$;

comment on function s3vl._verify_segment(
    s3vl.binding, s3vl.index_registry, s3vl.sync_job, timestamptz
) is
    'Compares a page of the index with its rows.';

create or replace function s3vl._verify_rows(
    binding s3vl.binding,
    index s3vl.index_registry,
    job s3vl.sync_job,
    started timestamptz
)
    returns s3vl.sync_job
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _verify_rows.binding;
    _job s3vl.sync_job := _verify_rows.job;
    _count constant integer := 5000;
    _keys text[] := array[]::text[];
    _with_vector text[] := array[]::text[];
begin
    -- Of a binding that ends there are no rows.
    if not _binding.is_ending then
        select n.keys, n.with_vector
        into _keys, _with_vector
        from s3vl._next_keys(_binding, _verify_rows.index, _job.last_key, _count) as n;
    end if;
    if _job.stage = 16 then
        _job.sums := s3vl._with_keys(_job.sums, _with_vector);
    else
        perform s3vl._note_second_look(
            _binding,
            _verify_rows.index,
            _job.job_id,
            array(
                select k.key
                from unnest(_with_vector) as k (key)
                where _job.sums[s3vl._bucket(k.key, cardinality(_job.sums))] <> 0
            ),
            _verify_rows.started
        );
    end if;
    if cardinality(_keys) = _count then
        _job.last_key := _keys[_count];
    elsif _job.stage = 16 and 0 <> any(_job.sums) then
        _job := s3vl._next_stage(_job, 17);
    else
        _job := s3vl._next_stage(_job, 18);
    end if;
    return _job;
end;
$$;

comment on function s3vl._verify_rows(
    s3vl.binding, s3vl.index_registry, s3vl.sync_job, timestamptz
) is
    'Adds a page of the table to the sums, or looks for its rows that the index may lack.';
