-- What s3vl.sync() says while it runs, to whoever waits for it. A problem of a binding is no error,
-- because the others go on.

create or replace function s3vl._tell_problem(binding_id integer, problem text, hint text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise notice using
        message = format(
            'binding "%s": %s',
            (
                select b.binding_name
                from s3vl.binding as b
                where b.binding_id = _tell_problem.binding_id
            ),
            _tell_problem.problem
        ),
        hint = coalesce(nullif(_tell_problem.hint, ''), 'See s3vl.sync_status().');
end;
$$;

comment on function s3vl._tell_problem(integer, text, text) is
    'Says what a binding could not send, and why.';

create or replace function s3vl._tell_dead(binding_name text, since timestamptz)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding record;
begin
    for _binding in
        select b.binding_id, count(*) as dead
        from s3vl.binding as b
        inner join s3vl.sync_failure as f on f.binding_id = b.binding_id
        where b.binding_name = coalesce(_tell_dead.binding_name collate "C", b.binding_name)
            and f.state = 'dead'
            and f.last_failed_at >= _tell_dead.since
        group by b.binding_id
        order by b.binding_id
    loop
        perform s3vl._tell_problem(
            _binding.binding_id,
            s3vl._grouped(_binding.dead) || ' of the rows cannot be stored',
            'See s3vl.dead_letters().'
        );
    end loop;
end;
$$;

comment on function s3vl._tell_dead(text, timestamptz) is
    'Says how many rows have become dead letters since then.';

create or replace function s3vl._grouped(number bigint)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select ltrim(to_char(_grouped.number, '999,999,999,999,999,990'))
$$;

comment on function s3vl._grouped(bigint) is
    'Writes a number with its thousands apart.';

create or replace function s3vl._progress(binding_id integer)
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case
            when j.job_id is null then format(
                'binding "%s" has %s changes to send', b.binding_name, s3vl._grouped(p.changes)
            )
            else concat_ws(
                ', ',
                format('%s of binding "%s": %s', j.kind, b.binding_name, s3vl._grouped(j.done))
                || coalesce(' of about ' || s3vl._grouped(j.total), ''),
                j.percent || ' %',
                round(j.rate::numeric) || ' a second',
                j.eta || ' left'
            )
        end
        from s3vl.binding as b
        cross join lateral s3vl._pending(b.binding_id) as p
        left join s3vl.sync_jobs() as j on j.job_id = (s3vl._active_job(b.binding_id)).job_id
        where b.binding_id = _progress.binding_id
    );
end;
$$;

comment on function s3vl._progress(integer) is
    'Says how far s3vl.sync() is with a binding; null when there is none any more.';

create or replace function s3vl._tell_progress(
    binding_id integer,
    synced bigint,
    told_at timestamptz
)
    returns timestamptz
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _tell_progress.told_at > clock_timestamp() - interval '5 seconds' then
        return _tell_progress.told_at;
    end if;
    if _tell_progress.told_at is not null then
        raise notice '%', concat_ws(
            '; ',
            s3vl._grouped(_tell_progress.synced) || ' vectors synced',
            s3vl._progress(_tell_progress.binding_id)
        );
    end if;
    return clock_timestamp();
end;
$$;

comment on function s3vl._tell_progress(integer, bigint, timestamptz) is
    'Says how far s3vl.sync() is, when the last time is five seconds ago, and returns when that '
    'was.';
