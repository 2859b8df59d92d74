-- What a turn leaves behind, in the transaction that ends its lease.

create or replace function s3vl._settle_refused(
    binding_id integer,
    keys text[],
    problems text[],
    is_final boolean
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into s3vl.sync_failure as f (
        binding_id, key, state, attempts, sqlstate, error, next_attempt_at
    )
    select
        _settle_refused.binding_id,
        r.key,
        case when _settle_refused.is_final then 'dead' else 'retrying' end,
        1,
        '22023',
        r.problem,
        case when not _settle_refused.is_final then clock_timestamp() + interval '10 seconds' end
    from unnest(_settle_refused.keys, _settle_refused.problems) as r (key, problem)
    on conflict on constraint sync_failure_pkey do update
    set attempts = f.attempts + 1,
        state = case when f.attempts >= 4 then 'dead' else excluded.state end,
        sqlstate = excluded.sqlstate,
        error = excluded.error,
        last_failed_at = excluded.last_failed_at,
        next_attempt_at = case when f.attempts < 4 and not _settle_refused.is_final
            then clock_timestamp() + interval '10 seconds' * 4 ^ f.attempts end;
end;
$$;

comment on function s3vl._settle_refused(integer, text[], text[], boolean) is
    'Saves which rows were refused: those that cannot be stored are dead at once, those that the '
    'service has refused after five attempts, with pauses that grow fourfold.';

create or replace function s3vl._settle_keys(
    binding_id integer,
    sent text[],
    changed text[],
    waiting text[],
    refused text[]
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- A change of the row clears what was said of it before; else attempts add up.
    delete from s3vl.sync_failure as f
    where f.binding_id = _settle_keys.binding_id
        and f.key = any(_settle_keys.sent)
        and (f.key = any(_settle_keys.changed) or f.key <> all(_settle_keys.refused));
    insert into s3vl.sync_failure (binding_id, key, state, attempts, error)
    select _settle_keys.binding_id, w.key, 'waiting', 0, 'the embedding is null, or stale'
    from unnest(_settle_keys.waiting) as w (key)
    on conflict do nothing;
end;
$$;

comment on function s3vl._settle_keys(integer, text[], text[], text[], text[]) is
    'Forgets what was wrong with keys that were sent, and saves which rows have no vector yet.';

create or replace function s3vl._settle_page(
    job s3vl.sync_job,
    started timestamptz,
    page text[],
    is_last boolean,
    unsent text[]
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job := _settle_page.job;
begin
    -- With some of it unsent, it is read again.
    if _settle_page.page && _settle_page.unsent then
        return;
    end if;
    _job.started_at := coalesce(_job.started_at, _settle_page.started);
    _job.last_key := coalesce(_settle_page.page[cardinality(_settle_page.page)], _job.last_key);
    _job.done := _job.done + cardinality(_settle_page.page);
    _job.state := case when _settle_page.is_last then 'done' else 'running' end;
    perform s3vl._save_job(_job);
end;
$$;

comment on function s3vl._settle_page(s3vl.sync_job, timestamptz, text[], boolean, text[]) is
    'Saves up to which key a backfill has sent the rows.';

create or replace function s3vl._forget_marks(
    binding_id integer,
    changes bigint[],
    noted_ats timestamptz[],
    change_keys text[],
    unsent text[]
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- One by one: a mark with a lower number may be committed later.
    delete from s3vl.outbox as o
    using unnest(
        _forget_marks.changes, _forget_marks.noted_ats, _forget_marks.change_keys
    ) as m (change, noted_at, key)
    where o.binding_id = _forget_marks.binding_id
        and o.change = m.change
        and o.noted_at = m.noted_at
        and (m.key = any(_forget_marks.unsent)) is not true;
end;
$$;

comment on function s3vl._forget_marks(integer, bigint[], timestamptz[], text[], text[]) is
    'Deletes marks, but for those of keys that were not sent.';
