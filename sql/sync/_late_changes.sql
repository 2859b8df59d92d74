-- Changes of transactions whose snapshot is older than the binding, or than its last change. At
-- REPEATABLE READ and SERIALIZABLE a trigger fires that is younger than the snapshot, and does not
-- find what it needs to know. It notes that there was something, under the number of no binding;
-- all rows are sent again, and a verify looks for those that are gone. At READ COMMITTED each
-- statement sees the binding of its triggers.

create or replace function s3vl._note_late_change(binding_id integer, arguments text[])
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
        from s3vl.binding as b
        where b.binding_id = _note_late_change.binding_id
            and s3vl._digest(b) = _note_late_change.arguments[1]
    ) then
        insert into s3vl.outbox (binding_id, key) values (0, _note_late_change.arguments[0]);
    end if;
end;
$$;

comment on function s3vl._note_late_change(integer, text[]) is
    'Notes that something has changed, where the snapshot is older than the arguments of the '
    'trigger.';

create or replace function s3vl._settle_late_changes()
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding_id integer;
begin
    for _binding_id in
        with late as (
            delete from s3vl.outbox as o
            where o.binding_id = 0
            returning o.key
        )

        select b.binding_id
        from s3vl.binding as b
        where b.binding_name in (select l.key from late as l) and not b.is_ending
    loop
        -- A turn or a job that is at work may have passed the row. The turn saves nothing at its
        -- end, as the binding is another one then.
        update s3vl.binding as b
        set updated_at = clock_timestamp()
        where b.binding_id = _binding_id;
        perform
        from s3vl.sync_state as s
        where s.binding_id = _binding_id
        for update;
        perform s3vl._restart_jobs(_binding_id, '{backfill}');
        perform s3vl._queue_job(_binding_id, 'backfill', is_owed => true);
        perform s3vl._owe_verify(_binding_id);
    end loop;
end;
$$;

comment on function s3vl._settle_late_changes() is
    'Queues for bindings with late changes what finds them: a backfill, and a verify for rows that '
    'are gone.';
