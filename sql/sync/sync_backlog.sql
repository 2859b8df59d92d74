-- Rows that are not in the index as they are, one by one.

create or replace function s3vl.sync_backlog(binding_name text, max_results integer default 100)
    returns table (
        vector_id text,
        noted_at timestamptz,
        age interval,
        state text,
        attempts integer,
        next_attempt_at timestamptz,
        error text
    )
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._find_binding(sync_backlog.binding_name);
begin
    perform s3vl._check_range('max_results', sync_backlog.max_results, 1, 100000);
    return query
    select
        _binding.id_prefix || k.key,
        k.noted_at,
        clock_timestamp() - k.noted_at,
        k.state,
        k.attempts,
        k.next_attempt_at,
        k.error
    from (
        select
            o.key, min(o.noted_at) as noted_at, 'pending' as state, 0 as attempts,
            null::timestamptz as next_attempt_at, null::text as error
        from (
            select o.key, o.noted_at
            from s3vl.outbox as o
            where o.binding_id = _binding.binding_id
            order by o.change
            limit 10 * sync_backlog.max_results
        ) as o
        group by o.key
        union all
        select f.key, f.first_failed_at, f.state, f.attempts, f.next_attempt_at, f.error
        from s3vl.sync_failure as f
        where f.binding_id = _binding.binding_id
    ) as k
    order by k.noted_at
    limit sync_backlog.max_results;
end;
$$;

comment on function s3vl.sync_backlog(text, integer) is
    'Lists rows that are not in step. Those that the index does not have as they are, the oldest '
    'first. state is pending, waiting (for an embedding), retrying or dead; a row may be pending '
    'and something else. A row without vector_id is a TRUNCATE. max_results is 1 to 100000. '
    'Raises 22023, and 42704 for an unknown binding. No Lambda call.';
