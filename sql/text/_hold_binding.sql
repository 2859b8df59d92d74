-- While s3vl.move_to_cold() moves a page, nobody else writes vectors of the binding: it holds the
-- row that a turn of s3vl.sync() begins with. It sends nothing that could arrive later, so what it
-- holds may end with its transaction.

create or replace function s3vl._hold_binding(binding_name text, since timestamptz)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _state s3vl.sync_state;
begin
    perform s3vl._note_home(_hold_binding.binding_name);
    select s.*
    into _state
    from s3vl.sync_state as s
    inner join s3vl.binding as b on b.binding_id = s.binding_id
    where b.binding_name = _hold_binding.binding_name collate "C"
        and s.leased_until <= clock_timestamp()
    for update of s skip locked;
    if _state.is_copy then
        raise exception using
            errcode = '55000',
            message = _state.error,
            hint = _state.hint;
    end if;
    -- Whoever had the lease when this began has lost it by then.
    if _state.binding_id is null
        and clock_timestamp() > _hold_binding.since + s3vl._lease_time() + interval '10 seconds'
    then
        raise exception using
            errcode = '55P03',
            message = 'other sessions have been at work on the binding all the time',
            hint = 'Call s3vl.move_to_cold() again, or while s3vl.sync() has less to do: it goes '
                'on where it was.';
    end if;
    return _state.binding_id is not null;
end;
$$;

comment on function s3vl._hold_binding(text, timestamptz) is
    'Keeps others from the vectors of a binding until the end of the transaction; false while '
    'another session is at work on them. Refuses a copy of a database.';
