-- Whether an index may take the place of another: what is not known to be as in its table.

create or replace function s3vl._last_verify(binding s3vl.binding)
    returns s3vl.sync_job
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- One that began before all rows were sent, or before they were to be sent otherwise, says
    -- nothing.
    select v.*
    from s3vl.sync_job as v
    where v.binding_id = _last_verify.binding.binding_id
        and v.kind = 'verify'
        and v.state in ('done', 'failed')
        and v.started_at >= _last_verify.binding.updated_at
        and not exists (
            select
            from s3vl.sync_job as b
            where b.binding_id = v.binding_id
                and b.kind = 'backfill'
                and (b.finished_at is null or b.finished_at > v.started_at)
        )
    order by v.job_id desc
    limit 1
$$;

comment on function s3vl._last_verify(s3vl.binding) is
    'Returns the last verify that came to its end with the binding as it is; null when there is '
    'none.';

create or replace function s3vl._not_whole(binding s3vl.binding)
    returns text[]
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array_remove(
        array[
            case when j.kind = 'backfill' or j.is_owed
                then format('%s %s is %s', j.kind, j.job_id, j.state)
            end,
            case when s.is_broken then 'it is broken: ' || s.error end,
            case when o.noted_at < clock_timestamp() - interval '1 minute' then format(
                'its oldest change waits since %s', date_trunc('second', o.noted_at)
            ) end,
            case when f.dead > 0 then format('it has %s dead letters', f.dead) end,
            case when f.retrying > 0
                then format('%s of its rows were refused, and are tried again', f.retrying)
            end,
            case
                when v.job_id is null then 'it was not verified since all rows were sent'
                when v.state = 'failed' then format('verify %s has failed', v.job_id)
                when d.only_listed > 0 then format(
                    'verify %s has found %s differences', v.job_id, d.only_listed
                )
                when d.sent > 0 and o.noted_at <= v.finished_at then format(
                    'what verify %s has found is still to be sent', v.job_id
                )
            end
        ],
        null
    )
    from (select _not_whole.binding as binding) as b
    inner join s3vl.sync_state as s on s.binding_id = (b.binding).binding_id
    cross join lateral s3vl._active_job(s.binding_id) as j
    cross join lateral s3vl._last_verify(b.binding) as v
    cross join lateral (
        select min(m.noted_at) from s3vl.outbox as m where m.binding_id = s.binding_id
    ) as o (noted_at)
    cross join lateral (
        select
            count(*) filter (where l.state = 'dead'),
            count(*) filter (where l.state = 'retrying')
        from s3vl.sync_failure as l
        where l.binding_id = s.binding_id
    ) as f (dead, retrying)
    cross join lateral (
        select count(*) filter (where i.is_sent), count(*) filter (where not i.is_sent)
        from s3vl.sync_difference as n
        cross join lateral s3vl._is_sent(v, n.is_waiting) as i (is_sent)
        where n.job_id = v.job_id
    ) as d (sent, only_listed)
$$;

comment on function s3vl._not_whole(s3vl.binding) is
    'Says why an index is not known to have all of the table of a binding; empty when it is.';
