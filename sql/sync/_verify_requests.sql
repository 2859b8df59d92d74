-- What a verify asks the index: pages of a segment, which it compares with their rows, and vectors
-- by id, before anything is called a difference.

create or replace function s3vl._list_page(
    index s3vl.index_registry,
    job s3vl.sync_job,
    started timestamptz,
    out ids text[],
    out metadata jsonb[],
    out next_token text
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _members constant json := json_build_object(
        'index_arn', _list_page.index.index_arn,
        'max_results', 1000,
        'next_token', _list_page.job.next_token,
        'return_data', false,
        'return_metadata', true,
        'segment_count', 16,
        'segment_index', _list_page.job.stage
    );
    _pages jsonb[];
    _found record;
begin
    _pages := array(
        select a.result
        from s3vl._ask('list_vectors', _members, _list_page.started) as a (result)
    );
    select
        coalesce(array_agg(v.vector_id), '{}') as ids,
        coalesce(array_agg(v.metadata), '{}') as metadata
    into _found
    from unnest(_pages) as p (page)
    cross join lateral s3vl._decode_vectors(p.page, '{vector_id}') as v;
    _list_page.ids := _found.ids;
    _list_page.metadata := _found.metadata;
    _list_page.next_token := _pages[cardinality(_pages)] ->> 'next_token';
exception
    -- A token is good for some minutes.
    when invalid_parameter_value then
        if _list_page.job.next_token is null then
            raise;
        end if;
        _list_page.next_token := '';
end;
$$;

comment on function s3vl._list_page(s3vl.index_registry, s3vl.sync_job, timestamptz) is
    'Lists one page of a segment, with the token of the next: null at the end of the segment, and '
    'an empty one when the segment has to begin again.';

create or replace function s3vl._own_keys(binding s3vl.binding, vector_ids text[])
    returns text[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl._only_keys(
        _own_keys.binding,
        array(
            select substr(i.vector_id, length(_own_keys.binding.id_prefix) + 1)
            from unnest(_own_keys.vector_ids) as i (vector_id)
            where starts_with(i.vector_id, _own_keys.binding.id_prefix)
        )
    )
$$;

comment on function s3vl._own_keys(s3vl.binding, text[]) is
    'Returns the keys of those ids that can be of a binding.';

create or replace function s3vl._note_second_look(
    binding s3vl.binding,
    index s3vl.index_registry,
    job_id bigint,
    keys text[],
    started timestamptz
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _asked constant text[] := array(
        select i.vector_id
        from unnest(_note_second_look.keys) as k (key)
        cross join lateral (select _note_second_look.binding.id_prefix || k.key) as i (vector_id)
        where s3vl._id_problem(i.vector_id) is null
    );
    _members constant json := json_build_object(
        'index_arn', _note_second_look.index.index_arn,
        'vector_ids', _asked,
        'include_vector_data', false,
        'include_metadata', true
    );
    _ids text[];
    _metadata jsonb[];
    _differences record;
begin
    if cardinality(_asked) > 0 then
        select array_agg(v.vector_id), array_agg(v.metadata)
        into _ids, _metadata
        from s3vl._ask('get_vectors', _members, _note_second_look.started) as a (result)
        cross join lateral s3vl._decode_vectors(a.result, '{vector_id}') as v;
    end if;
    select j.*
    into _differences
    from s3vl._judge(
        _note_second_look.binding, _note_second_look.index, _note_second_look.keys, _ids, _metadata
    ) as j;
    insert into s3vl.sync_difference as d (job_id, key, problem, is_waiting, hash_name)
    select _note_second_look.job_id, n.key, n.problem, n.is_waiting, n.hash_name
    from unnest(
        _differences.wrong, _differences.problems, _differences.waiting, _differences.hash_names
    ) as n (key, problem, is_waiting, hash_name)
    on conflict on constraint sync_difference_pkey do update
    set problem = excluded.problem,
        is_waiting = excluded.is_waiting,
        hash_name = excluded.hash_name,
        noted_at = excluded.noted_at;
end;
$$;

comment on function s3vl._note_second_look(
    s3vl.binding, s3vl.index_registry, bigint, text[], timestamptz
) is
    'Gets the vectors of keys that seem to differ, and saves those that still do.';
