-- Counting what a turn costs. The function sends as many vectors in a request as S3 Vectors takes.

create or replace function s3vl._add_usage(usage s3vl.sync_usage)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into s3vl.sync_usage as u (
        day, binding_name, puts, put_bytes, billed_put_bytes, deletes, lambda_calls, lambda_ms,
        api_calls
    )
    values (
        (clock_timestamp() at time zone 'UTC')::date,
        _add_usage.usage.binding_name,
        coalesce(_add_usage.usage.puts, 0),
        coalesce(_add_usage.usage.put_bytes, 0),
        coalesce(_add_usage.usage.billed_put_bytes, 0),
        coalesce(_add_usage.usage.deletes, 0),
        coalesce(_add_usage.usage.lambda_calls, 0),
        coalesce(_add_usage.usage.lambda_ms, 0),
        coalesce(_add_usage.usage.api_calls, 0)
    )
    on conflict on constraint sync_usage_pkey do update
    set puts = u.puts + excluded.puts,
        put_bytes = u.put_bytes + excluded.put_bytes,
        billed_put_bytes = u.billed_put_bytes + excluded.billed_put_bytes,
        deletes = u.deletes + excluded.deletes,
        lambda_calls = u.lambda_calls + excluded.lambda_calls,
        lambda_ms = u.lambda_ms + excluded.lambda_ms,
        api_calls = u.api_calls + excluded.api_calls;
end;
$$;

comment on function s3vl._add_usage(s3vl.sync_usage) is
    'Adds to what a binding has sent today.';

create or replace function s3vl._put_usage(record_bytes numeric, vectors integer)
    returns s3vl.sync_usage
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Requests of 500 vectors, and one with the rest. Each is billed as 128 KB at least.
    select (
        null,
        null,
        (_put_usage.vectors + 499) / 500,
        round(_put_usage.vectors * _put_usage.record_bytes),
        round(
            _put_usage.vectors / 500 * greatest(131072, 500 * _put_usage.record_bytes)
            + case when _put_usage.vectors % 500 > 0
                then greatest(131072, _put_usage.vectors % 500 * _put_usage.record_bytes)
                else 0 end
        ),
        0,
        0,
        0,
        0
    )::s3vl.sync_usage
$$;

comment on function s3vl._put_usage(numeric, integer) is
    'Returns the requests, bytes and billed bytes of so many vectors of so many bytes.';

create or replace function s3vl._count_puts(
    binding s3vl.binding,
    index s3vl.index_registry,
    records s3vl.vector_record[],
    unsent integer
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _sent constant integer := cardinality(_count_puts.records) - _count_puts.unsent;
    _record s3vl.vector_record;
    _bytes bigint := 0::bigint;
    _usage s3vl.sync_usage;
begin
    if _sent <= 0 then
        return;
    end if;
    -- One after the other: a query would write all of the vectors to a file first.
    foreach _record in array _count_puts.records loop
        -- Where the vector is kept, the function sends the one that the index has.
        _bytes := _bytes + octet_length(_record.vector_id)
            + 4 * coalesce(cardinality(_record.embedding), _count_puts.index.dimension)
            + coalesce(octet_length(_record.metadata::text), 0);
    end loop;
    _usage := s3vl._put_usage(_bytes::numeric / cardinality(_count_puts.records), _sent);
    _usage.binding_name := _count_puts.binding.binding_name;
    perform s3vl._add_usage(_usage);
end;
$$;

comment on function s3vl._count_puts(
    s3vl.binding, s3vl.index_registry, s3vl.vector_record[], integer
) is
    'Counts records that were put, all but so many.';

create or replace function s3vl._count_deletes(binding s3vl.binding, vectors integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _usage s3vl.sync_usage;
begin
    _usage.binding_name := _count_deletes.binding.binding_name;
    _usage.deletes := (_count_deletes.vectors + bigint '499') / 500;
    perform s3vl._add_usage(_usage);
end;
$$;

comment on function s3vl._count_deletes(s3vl.binding, integer) is
    'Counts vectors that were deleted.';

create or replace function s3vl._count_calls(binding s3vl.binding)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _note constant jsonb := s3vl._noted('last_call');
    _usage s3vl.sync_usage;
begin
    if _note is null then
        return;
    end if;
    _usage.binding_name := _count_calls.binding.binding_name;
    _usage.lambda_calls := (_note ->> 'pages')::bigint;
    _usage.lambda_ms := (_note ->> 'lambda_ms')::double precision;
    _usage.api_calls := (_note ->> 'api_calls')::bigint;
    perform s3vl._add_usage(_usage);
end;
$$;

comment on function s3vl._count_calls(s3vl.binding) is
    'Counts the calls of a turn, which s3vl.last_call() would show.';
