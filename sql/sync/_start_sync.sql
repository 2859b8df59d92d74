-- What a call of s3vl.sync() does before its first turn.

create or replace function s3vl._start_sync(binding_name text, max_seconds integer)
    returns timestamptz
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _limit constant timestamptz := s3vl._time_limit();
begin
    perform s3vl._check_range('max_seconds', _start_sync.max_seconds, 1, 86400);
    -- A reader instance, or a session that is not to change anything.
    if current_setting('transaction_read_only')::boolean then
        return null;
    end if;
    if _start_sync.binding_name is not null then
        perform s3vl._find_binding(_start_sync.binding_name);
    end if;
    if _limit < clock_timestamp() + interval '1 second' then
        perform s3vl._warn(
            'statement_timeout leaves s3vl.sync() no time to make a call',
            format('It is %s.', current_setting('statement_timeout')),
            'Raise it for the session that calls: set statement_timeout = ''2min'';'
        );
        return null;
    end if;
    perform s3vl._note_home(_start_sync.binding_name);
    perform s3vl._settle_late_changes();
    -- Clocks may be set back: no lease is longer than one that is taken now. What was broken may
    -- have been mended, and is looked at by each call.
    update s3vl.sync_state as s
    set seen_at = clock_timestamp(),
        leased_until = least(s.leased_until, clock_timestamp() + s3vl._lease_time()),
        not_before = case
            when s.is_broken then '-infinity'
            else least(s.not_before, clock_timestamp() + interval '1 minute')
        end
    where s.binding_id in (
        select l.binding_id
        from s3vl.sync_state as l
        inner join s3vl.binding as b on b.binding_id = l.binding_id
        where b.binding_name = coalesce(_start_sync.binding_name collate "C", b.binding_name)
            and (
                l.is_broken
                or (
                    l.seen_at between clock_timestamp() - interval '30 seconds'
                    and clock_timestamp()
                ) is not true
            )
        for update of l skip locked
    );
    return least(
        clock_timestamp() + make_interval(secs => _start_sync.max_seconds),
        _limit - interval '1 second'
    );
end;
$$;

comment on function s3vl._start_sync(text, integer) is
    'Returns until when turns may begin; null where nothing can be written.';
