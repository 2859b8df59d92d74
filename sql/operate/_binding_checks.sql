-- The checks of s3vl.diagnose() for each bound table.

create or replace function s3vl._trigger_problem(binding s3vl.binding)
    returns table (detail text, hint text)
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        format(
            'trigger %I of table %s is %s, so that changes are not noted',
            n.trigger_name,
            _trigger_problem.binding.source,
            case when t.oid is null then 'missing' else 'disabled' end
        ),
        format(
            'As the owner of the table type: %s select s3vl.alter_binding(%L);',
            'alter table ' || _trigger_problem.binding.source || ' enable trigger '
            || quote_ident(t.tgname) || ';',
            _trigger_problem.binding.binding_name
        )
    from s3vl._triggers(_trigger_problem.binding) as n
    left join pg_trigger as t
        on t.tgrelid = _trigger_problem.binding.source
        and t.tgname = n.trigger_name
        and t.tgfoid = 's3vl._note_changes()'::regprocedure
    where t.oid is null or t.tgenabled not in ('O', 'A')
    limit 1
$$;

comment on function s3vl._trigger_problem(s3vl.binding) is
    'Says which trigger of a bound table is missing or disabled; no row when all are there.';

create or replace function s3vl._sync_problem(binding s3vl.binding, state s3vl.sync_state)
    returns table (status text, detail text, hint text)
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select p.status, p.detail, p.hint
    from (
        select
            _sync_problem.state as state,
            clock_timestamp() - (_sync_problem.state).seen_at as unseen,
            clock_timestamp() - (
                select min(o.noted_at)
                from s3vl.outbox as o
                where o.binding_id = (_sync_problem.binding).binding_id
            ) as age,
            j.job_id,
            j.state as job_state,
            j.repair,
            j.error as job_error,
            j.hint as job_hint
        from s3vl._last_job((_sync_problem.binding).binding_id) as j
    ) as s
    cross join lateral (
        values
        ((s.state).is_broken or (s.state).is_copy, 'fail', (s.state).error, (s.state).hint),
        ((s.state).failures > 0, 'warn', (s.state).error, (s.state).hint),
        (s.job_state = 'failed', 'fail', format('job %s failed: %s', s.job_id, s.job_error),
            s.job_hint),
        (s.job_state = 'done' and not s.repair and exists (
            select from s3vl.sync_difference as d where d.job_id = s.job_id
        ), 'warn', format('verify %s has found differences', s.job_id), s.job_hint),
        ((_sync_problem.binding).is_paused, 'warn', 'it is paused',
            format('Type: select s3vl.resume_binding(%L);', (_sync_problem.binding).binding_name)),
        ((s.unseen < interval '10 minutes') is not true, 'warn',
            coalesce(
                's3vl.sync() was last called ' || date_trunc('second', s.unseen) || ' ago',
                's3vl.sync() was never called'
            ),
            'Schedule it: select cron.schedule(''s3vl sync'', ''10 seconds'', '
            '''call s3vl.sync()'');'),
        (s.age > interval '1 hour', 'warn',
            format('the oldest change waits for %s', date_trunc('second', s.age)),
            format('See select * from s3vl.sync_backlog(%L); and s3vl.sync_status().',
                (_sync_problem.binding).binding_name))
    ) as p (applies, status, detail, hint)
    where p.applies
    limit 1
$$;

comment on function s3vl._sync_problem(s3vl.binding, s3vl.sync_state) is
    'Says why a binding is not in step; no row when it is, or soon will be.';

create or replace function s3vl._check_binding(binding s3vl.binding)
    returns table (check_name text, status text, detail text, hint text)
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _check_binding.binding;
    _name constant text := format('binding "%s"', _binding.binding_name);
    _state s3vl.sync_state;
    _index s3vl.index_registry;
    _problem record;
    _hint text;
begin
    select s.* into _state from s3vl.sync_state as s where s.binding_id = _binding.binding_id;
    _index := s3vl._bound_index(_binding);
    if not _binding.is_ending then
        perform s3vl._check_columns(_binding, _index);
        perform s3vl._check_rights(_binding);
        select 'fail' as status, t.detail, t.hint
        into _problem
        from s3vl._trigger_problem(_binding) as t;
    end if;
    if _problem is null then
        select p.* into _problem from s3vl._sync_problem(_binding, _state) as p;
    end if;
    return query
    select
        _name,
        coalesce(_problem.status, 'ok'),
        coalesce(_problem.detail, s3vl._state_name(_binding, _state) || ': ' || _binding.source),
        _problem.hint;
exception
    when insufficient_privilege or undefined_column or undefined_table or datatype_mismatch
        or wrong_object_type
    then
        get stacked diagnostics _hint = pg_exception_hint;
        return query select _name, 'fail', sqlerrm, _hint;
end;
$$;

comment on function s3vl._check_binding(s3vl.binding) is
    'Looks at a bound table, its triggers, and what s3vl.sync() last said of it.';

create or replace function s3vl._check_old_transactions()
    returns table (check_name text, status text, detail text, hint text)
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- What is deleted from the outbox stays there as long as one of them may still see it.
    select
        'old transaction',
        'warn',
        format('%s is open since %s, and s3vl.outbox grows meanwhile', t.name, t.since),
        t.hint
    from (
        select
            'process ' || a.pid as name,
            date_trunc('second', a.xact_start) as since,
            format('End it: select pg_terminate_backend(%s);', a.pid) as hint
        from pg_stat_activity as a
        where a.datname = current_database() and a.backend_xmin is not null
        union all
        select
            'prepared transaction ' || quote_ident(p.gid),
            date_trunc('second', p.prepared),
            format('End it: commit prepared %1$L, or rollback prepared %1$L', p.gid)
        from pg_prepared_xacts as p
        where p.database = current_database()
    ) as t
    where t.since < clock_timestamp() - interval '1 hour'
        and exists (select from s3vl.binding)
    order by t.since
    limit 1
$$;

comment on function s3vl._check_old_transactions() is
    'Warns of a transaction that keeps what was deleted from the outbox; no row without one.';
