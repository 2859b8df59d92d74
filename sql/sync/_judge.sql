-- Whether vectors are as their rows. What is under way is no difference: the lease keeps everybody
-- else from writing, and a change that is committed has a mark until it is sent.

create or replace function s3vl._differences(
    binding s3vl.binding,
    put s3vl.vector_record[],
    kept s3vl.vector_record[],
    gone text[],
    refused text[],
    stored_ids text[],
    stored_metadata jsonb[]
)
    returns table (key text, problem text, hash_name text)
    immutable
    rows 100
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select substr(d.vector_id, length((_differences.binding).id_prefix) + 1), d.problem, d.hash_name
    from (
        select
            r.vector_id,
            case
                when s.vector_id is null and r.fate <> 'gone' then 'missing'
                when s.vector_id is null then null
                when r.fate = 'gone' then 'orphan'
                -- Of a vector that is kept only the index has the numbers.
                when r.fate = 'keep' and s3vl._is_same_metadata(
                    coalesce(s.metadata, '{}') - h.hash_keys,
                    coalesce(r.metadata, '{}') - h.hash_keys
                ) then null
                when r.fate <> 'put' or not s3vl._is_same_vector(
                    coalesce(s.metadata, '{}'), coalesce(r.metadata, '{}'),
                    (_differences.binding).hash_key
                ) then 'stale'
            end as problem,
            case when s.vector_id is not null and r.fate = 'put'
                then s3vl._other_hash(s.metadata, (_differences.binding).hash_key)
            end as hash_name
        from (
            select p.vector_id, p.metadata, 'put' as fate
            from unnest(_differences.put) as p
            union all
            select k.vector_id, k.metadata, 'keep'
            from unnest(_differences.kept) as k
            union all
            select g.vector_id, null, 'gone'
            from unnest(_differences.gone) as g (vector_id)
            union all
            select (_differences.binding).id_prefix || f.key, null, 'refuse'
            from unnest(_differences.refused) as f (key)
        ) as r
        left join unnest(_differences.stored_ids, _differences.stored_metadata)
            as s (vector_id, metadata) on s.vector_id = r.vector_id
        cross join lateral (
            select array_remove(array[(_differences.binding).hash_key], null)
        ) as h (hash_keys)
    ) as d
    where d.problem is not null
$$;

comment on function s3vl._differences(
    s3vl.binding, s3vl.vector_record[], s3vl.vector_record[], text[], text[], text[], jsonb[]
) is
    'Compares rows with what is stored of them: missing, stale, or orphan.';

create or replace function s3vl._is_any_marked(binding s3vl.binding)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- After TRUNCATE, and after a late change, which does not say of which row it was.
    select not _is_any_marked.binding.is_ending and (
        exists (
            select
            from s3vl.outbox as o
            where o.binding_id = _is_any_marked.binding.binding_id and o.key is null
        )
        or exists (
            select
            from s3vl.outbox as o
            where o.binding_id = 0 and o.key = _is_any_marked.binding.binding_name
        )
    )
$$;

comment on function s3vl._is_any_marked(s3vl.binding) is
    'Tells whether there is a mark that may be of any row.';

create or replace function s3vl._is_known_to_differ(
    binding_id integer,
    key text,
    is_refused boolean,
    is_without_vector boolean
)
    returns boolean
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- What was said of a row that is not so any more is of before.
    select exists (
        select
        from s3vl.sync_failure as f
        where f.binding_id = _is_known_to_differ.binding_id
            and f.key = _is_known_to_differ.key collate "C"
            and case f.state
                when 'dead' then _is_known_to_differ.is_refused
                when 'waiting' then _is_known_to_differ.is_without_vector
                else true
            end
    )
$$;

comment on function s3vl._is_known_to_differ(integer, text, boolean, boolean) is
    'Tells whether a row is a dead letter, is tried again, or waits for a vector, as it was said.';

create or replace function s3vl._judge(
    binding s3vl.binding,
    index s3vl.index_registry,
    keys text[],
    stored_ids text[],
    stored_metadata jsonb[],
    out seen text[],
    out wrong text[],
    out problems text[],
    out waiting boolean[],
    out hash_names text[]
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _judge.binding;
    _rows record;
    _found record;
begin
    select g.*
    into _rows
    from s3vl._gather(_binding, _judge.index, _judge.keys, null, 0) as g;
    _judge.wrong := '{}';
    _judge.problems := '{}';
    _judge.waiting := '{}';
    _judge.hash_names := '{}';
    _judge.seen := array(
        select substr(r.vector_id, length(_binding.id_prefix) + 1)
        from unnest(_rows.records) as r
    ) || array(
        select substr(k.vector_id, length(_binding.id_prefix) + 1)
        from unnest(_rows.kept) as k
    );
    -- Marks in a later statement than the rows: what has changed in between has one.
    if s3vl._is_any_marked(_binding) then
        return;
    end if;
    select
        coalesce(array_agg(d.key), '{}') as keys,
        coalesce(array_agg(d.problem), '{}') as problems,
        coalesce(array_agg(d.problem = 'orphan' and d.key = any(_rows.waiting)), '{}') as waiting,
        coalesce(array_agg(d.hash_name), '{}') as hash_names
    into _found
    from s3vl._differences(
        _binding, _rows.records, _rows.kept, _rows.gone, _rows.refused, _judge.stored_ids,
        _judge.stored_metadata
    ) as d
    where _binding.is_ending or not exists (
            select
            from s3vl.outbox as o
            where o.binding_id = _binding.binding_id and o.key = d.key collate "C"
        )
        and (d.problem = 'orphan' or not s3vl._is_known_to_differ(
            _binding.binding_id,
            d.key,
            d.key = any(_rows.refused),
            d.problem = 'missing' and _binding.id_prefix || d.key in (
                select k.vector_id from unnest(_rows.kept) as k
            )
        ));
    _judge.wrong := _found.keys;
    _judge.problems := _found.problems;
    _judge.waiting := _found.waiting;
    _judge.hash_names := _found.hash_names;
end;
$$;

comment on function s3vl._judge(
    s3vl.binding, s3vl.index_registry, text[], text[], jsonb[]
) is
    'Says which keys are not as the index has them, and which of them have a row and a vector.';
