-- What is not in step yet.

create or replace function s3vl.sync_status()
    returns table (
        binding_name text,
        source text,
        index_name text,
        state text,
        pending bigint,
        oldest_pending_age interval,
        waiting bigint,
        retrying bigint,
        dead bigint,
        last_synced_at timestamptz,
        rows_estimate bigint,
        coverage numeric,
        vectors_per_second double precision,
        last_error text,
        hint text
    )
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        b.binding_name,
        b.source::text,
        (s3vl._bound_index(b)).index_name,
        s3vl._state_name(b, s),
        p.changes,
        clock_timestamp() - (
            select min(o.noted_at) from s3vl.outbox as o where o.binding_id = b.binding_id
        ),
        f.waiting,
        f.retrying,
        f.dead,
        s.last_synced_at,
        r.estimate::bigint,
        case
            when j.kind = 'backfill' and r.estimate > 0
                then round(least(1, j.done / r.estimate), 4)
            when r.estimate > 0 then round(
                1 - least(1, (p.changes + f.waiting + f.retrying + f.dead) / r.estimate), 4
            )
        end,
        s.vectors_per_second,
        s.error,
        nullif(
            concat_ws(
                ' ', s.hint, case when p.is_estimate then 'pending is estimated.' end
            ),
            ''
        )
    from s3vl.binding as b
    inner join s3vl.sync_state as s on s.binding_id = b.binding_id
    cross join lateral s3vl._active_job(b.binding_id) as j
    cross join lateral s3vl._pending(b.binding_id) as p
    cross join lateral (select s3vl._rows_estimate(b.source)::numeric) as r (estimate)
    cross join lateral (
        select
            count(*) filter (where f.state = 'waiting') as waiting,
            count(*) filter (where f.state = 'retrying') as retrying,
            count(*) filter (where f.state = 'dead') as dead
        from s3vl.sync_failure as f
        where f.binding_id = b.binding_id
    ) as f
    order by b.binding_name;
end;
$$;

comment on function s3vl.sync_status() is
    'Shows how far each binding is. state is in step, behind, backfilling, verifying, '
    'backing off, broken, confirm (in a copy of its database), paused or ending. pending counts '
    'changes that are not sent, waiting rows without an embedding, retrying and dead rows that '
    'were refused. coverage is the part of rows_estimate that is in step. A broken binding says '
    'in last_error and hint what to do; s3vl.sync() goes on when that is done. No Lambda call.';
