-- The lease of a binding for s3vl.move_to_cold(), which takes it whether there is work or not.

create or replace function s3vl._take_cold_lease(binding_id integer, since timestamptz)
    returns uuid
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _lease uuid;
begin
    update s3vl.sync_state as s
    set lease = gen_random_uuid(),
        leased_until = clock_timestamp() + s3vl._lease_time()
    where s.binding_id = (
        select l.binding_id
        from s3vl.sync_state as l
        where l.binding_id = _take_cold_lease.binding_id and l.leased_until <= clock_timestamp()
        for update of l skip locked
    )
    returning s.lease into _lease;
    -- Whoever had it when this began has lost it by then.
    if _lease is null
        and clock_timestamp() > _take_cold_lease.since + s3vl._lease_time() + interval '10 seconds'
    then
        raise exception using
            errcode = '55P03',
            message = 'other sessions have been at work on the binding all the time',
            hint = 'Call s3vl.move_to_cold() again, or while s3vl.sync() has less to do: it goes '
                'on where it was.';
    end if;
    return _lease;
end;
$$;

comment on function s3vl._take_cold_lease(integer, timestamptz) is
    'Takes the lease of a binding, or returns null while another session has it.';

create or replace function s3vl._end_cold_lease(binding_id integer, lease uuid)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update s3vl.sync_state as s
    set leased_until = '-infinity'
    where s.binding_id = _end_cold_lease.binding_id
        and s.lease = _end_cold_lease.lease
        and s.leased_until > clock_timestamp();
    if not found then
        raise exception using
            errcode = '55P03',
            message = 'the page took longer than the lease of its binding, and was not moved',
            hint = 'Call s3vl.move_to_cold() again with a smaller batch: it goes on where it was.';
    end if;
end;
$$;

comment on function s3vl._end_cold_lease(integer, uuid) is
    'Ends the lease of a binding, and refuses what was done under it if it was over before.';
