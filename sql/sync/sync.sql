-- Sending what has changed. Whoever calls it runs it, because only so can it commit: between its
-- steps, which run as the owner of s3vl. Nothing here may depend on the search_path before it is
-- set, and a commit undoes that.

create or replace procedure s3vl.sync(
    in binding_name text default null,
    in max_seconds integer default 50,
    inout synced bigint default 0
)
    language plpgsql
as $$
declare
    _ends_at timestamptz;
    _binding_id integer;
    _lease uuid;
    _pause double precision;
    _step integer;
    _told_at timestamptz;
    _began_at timestamptz := pg_catalog.clock_timestamp();
begin
    call s3vl._commit_alone('s3vl.sync()');
    synced := 0;
    _ends_at := s3vl._start_sync(sync.binding_name, sync.max_seconds);
    if _ends_at is null then
        return;
    end if;
    loop
        commit;
        set transaction isolation level read committed;
        set local search_path = pg_catalog, pg_temp;
        select t.binding_id, t.lease, t.pause
        into _binding_id, _lease, _pause
        from s3vl._take_lease(sync.binding_name, _ends_at) as t;
        exit when _binding_id is null;
        -- The lease has to be there whatever becomes of this session.
        commit;
        set transaction isolation level read committed;
        set local search_path = pg_catalog, pg_temp;
        if _lease is null then
            -- S3 Vectors takes no more of the index at the moment.
            perform pg_catalog.pg_sleep(_pause);
            continue;
        end if;
        _step := s3vl._sync_step(_binding_id, _lease);
        synced := synced operator(pg_catalog.+) _step;
        _told_at := s3vl._tell_progress(_binding_id, synced, _told_at);
    end loop;
    if _told_at is not null then
        perform s3vl._tell_dead(sync.binding_name, _began_at);
    end if;
end;
$$;

comment on procedure s3vl.sync is
    'Sends what has changed. synced adds up how many vectors it wrote or deleted. It works on '
    'binding_name or on all bindings in turn, until nothing is left or max_seconds (1 to 86400) '
    'are over; statement_timeout makes that less. Jobs come after changes, and every five seconds '
    'a notice says how far they are. No more is sent than S3 Vectors takes of an index: 2,500 '
    'vectors and 1,000 requests a second. It commits between its steps, so call it by '
    'itself, with autocommit on; every 10 seconds by pg_cron is a good schedule. It does nothing, '
    'and raises nothing, where another session is at work on the binding, while it is paused, and '
    'on a reader instance. What fails is tried again; a NOTICE and s3vl.sync_status() tell what it '
    'is, and s3vl.dead_letters() lists the rows that cannot be stored. Raises 22023, 25001 inside '
    'of a transaction, and 42704 for an unknown binding.';
