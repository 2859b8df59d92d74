-- The numbers of s3vl.sync_status().

create or replace function s3vl._rows_estimate(source regclass)
    returns bigint
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Less than zero before the first ANALYZE. A partitioned table has a number of its own only
    -- after an ANALYZE by hand.
    select case
        when c.relkind = 'p' then (
            select sum(greatest(p.reltuples, 0))::bigint
            from pg_partition_tree(c.oid) as t
            inner join pg_class as p on p.oid = t.relid
            where t.isleaf
        )
        when c.reltuples >= 0 then c.reltuples::bigint
    end
    from pg_class as c
    where c.oid = _rows_estimate.source
$$;

comment on function s3vl._rows_estimate(regclass) is
    'Returns about how many rows a table has; null when nobody has counted.';

create or replace function s3vl._state_name(binding s3vl.binding, state s3vl.sync_state)
    returns text
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when (x.binding).is_ending then 'ending'
        when (x.binding).is_paused then 'paused'
        when (x.state).is_copy then 'confirm'
        when (x.state).is_broken then 'broken'
        when (x.state).failures > 0 then 'backing off'
        when x.kind = 'backfill' then 'backfilling'
        when x.kind = 'verify' then 'verifying'
        when s3vl._has_work(x.state) then 'behind'
        else 'in step'
    end
    from (
        select
            _state_name.binding as binding,
            _state_name.state as state,
            (s3vl._active_job((_state_name.binding).binding_id)).kind as kind
    ) as x
$$;

comment on function s3vl._state_name(s3vl.binding, s3vl.sync_state) is
    'Returns the state of a binding in a word.';

create or replace function s3vl._pending(
    binding_id integer,
    out changes bigint,
    out is_estimate boolean
)
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    _pending.changes := (
        select count(*)
        from (
            select from s3vl.outbox as o where o.binding_id = _pending.binding_id limit 100001
        ) as o
    );
    _pending.is_estimate := _pending.changes > 100000;
    if _pending.is_estimate then
        -- The numbers of what is there; some of them may be of other bindings.
        _pending.changes := (
            select max(o.change) - min(o.change) + 1
            from s3vl.outbox as o
            where o.binding_id = _pending.binding_id
        );
    end if;
end;
$$;

comment on function s3vl._pending(integer) is
    'Counts the changes that are to be sent; estimates them where they are more than 100,000.';
