-- Rows that cannot be stored as they are. A change of such a row clears its letter by itself.

create or replace function s3vl.dead_letters(
    -- It is a column, too, under the same name.
    inout binding_name text default null,
    out vector_id text,
    out sqlstate text,
    out error text,
    out attempts integer,
    out first_failed_at timestamptz,
    out last_failed_at timestamptz
)
    returns setof record
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dead_letters.binding_name is not null then
        perform s3vl._find_binding(dead_letters.binding_name);
    end if;
    return query
    select
        b.binding_name,
        b.id_prefix || f.key,
        f.sqlstate,
        f.error,
        f.attempts,
        f.first_failed_at,
        f.last_failed_at
    from s3vl.sync_failure as f
    inner join s3vl.binding as b on b.binding_id = f.binding_id
    where f.state = 'dead'
        and b.binding_name = coalesce(dead_letters.binding_name collate "C", b.binding_name)
    order by b.binding_name, f.first_failed_at, f.key;
end;
$$;

comment on function s3vl.dead_letters(text) is
    'Lists rows that cannot be stored. Those of one binding or of all, with the reason. The index '
    'keeps what it has of such a row. It is sent again when the row changes, or after '
    's3vl.retry_dead_letters(). Raises 42704 for an unknown binding. No Lambda call.';

create or replace function s3vl.retry_dead_letters(
    binding_name text,
    vector_ids text[] default null
)
    returns bigint
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._find_binding(retry_dead_letters.binding_name);
    _count bigint;
begin
    insert into s3vl.outbox (binding_id, key)
    select f.binding_id, f.key
    from s3vl._letters(_binding, retry_dead_letters.vector_ids) as f;
    get diagnostics _count = row_count;
    return _count;
end;
$$;

comment on function s3vl.retry_dead_letters(text, text[]) is
    'Sends dead letters again. All of a binding or those of vector_ids, with the next '
    's3vl.sync(); returns how many. Useful after a change of the index; a change of the row does '
    'it by itself. Raises 42704 for an unknown binding. No Lambda call.';

create or replace function s3vl.discard_dead_letters(
    binding_name text,
    vector_ids text[] default null
)
    returns bigint
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._find_binding(discard_dead_letters.binding_name);
    _count bigint;
begin
    delete from s3vl.sync_failure as f
    using s3vl._letters(_binding, discard_dead_letters.vector_ids) as d
    where f.binding_id = d.binding_id and f.key = d.key;
    get diagnostics _count = row_count;
    return _count;
end;
$$;

comment on function s3vl.discard_dead_letters(text, text[]) is
    'Forgets dead letters. All of a binding or those of vector_ids; returns how many. The index '
    'stays as it is, and nothing says any more that it lacks these rows. Raises 42704 for an '
    'unknown binding. No Lambda call.';
