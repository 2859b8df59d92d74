-- Rows by what is to be done with them.

create or replace function s3vl._sorted(
    binding s3vl.binding,
    index s3vl.index_registry,
    keys text[],
    out records s3vl.vector_record[],
    out kept s3vl.vector_record[],
    out gone text[],
    out waiting text[],
    out refused text[],
    out problems text[]
)
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(array_agg(r.record) filter (where r.fate = 'put'), '{}'),
        coalesce(array_agg(r.record) filter (where r.fate = 'keep'), '{}'),
        coalesce(
            array_agg((r.record).vector_id) filter (
                where r.fate in ('delete', 'wait')
                    and s3vl._id_problem((r.record).vector_id) is null
            ),
            '{}'
        ),
        coalesce(array_agg(r.key) filter (where r.fate = 'wait'), '{}'),
        coalesce(array_agg(r.key) filter (where r.fate = 'refuse'), '{}'),
        coalesce(array_agg(r.problem) filter (where r.fate = 'refuse'), '{}')
    from (
        select
            k.key,
            p.problem,
            (i.vector_id, t.embedding, m.metadata)::s3vl.vector_record as record,
            case
                when t.is_there is not true then 'delete'
                when p.problem is not null then 'refuse'
                when t.embedding is not null then 'put'
                when (_sorted.binding).when_null = 'keep' then 'keep'
                else 'wait'
            end as fate
        from unnest(_sorted.keys) as k (key)
        left join s3vl._rows(_sorted.binding, _sorted.keys) as t on t.key = k.key
        cross join lateral (select (_sorted.binding).id_prefix || k.key) as i (vector_id)
        cross join lateral (
            select s3vl._with_hash(t.metadata, t.embedding, (_sorted.binding).hash_key)
        ) as m (metadata)
        cross join lateral (
            select case when t.is_there
                then s3vl._row_problem(i.vector_id, t.embedding, m.metadata, _sorted.index) end
        ) as p (problem)
    ) as r
$$;

comment on function s3vl._sorted(s3vl.binding, s3vl.index_registry, text[]) is
    'Reads the rows of keys, and tells which are to be put, which keep their vector and get other '
    'metadata, which ids are to be deleted, and which rows wait or cannot be stored.';
