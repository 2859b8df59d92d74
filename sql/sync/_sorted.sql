-- Rows by what is to be done with them.

create or replace function s3vl._row_problem(
    vector_id text,
    embedding real[],
    metadata jsonb,
    index s3vl.index_registry
)
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem text := 'vector_id ' || s3vl._id_problem(_row_problem.vector_id);
begin
    if _problem is null and _row_problem.embedding is not null then
        _problem := 'embedding ' || s3vl._embedding_problem(
            _row_problem.embedding, _row_problem.index.dimension, _row_problem.index.distance_metric
        );
    end if;
    return coalesce(
        _problem,
        'metadata ' || s3vl._metadata_problem(
            _row_problem.metadata, _row_problem.index.non_filterable_keys
        )
    );
end;
$$;

comment on function s3vl._row_problem(text, real[], jsonb, s3vl.index_registry) is
    'Says why a row cannot be stored; null when it can.';

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
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _row record;
    _id text;
    _record s3vl.vector_record;
    _problem text;
begin
    _sorted.records := '{}';
    _sorted.kept := '{}';
    _sorted.gone := '{}';
    _sorted.waiting := '{}';
    _sorted.refused := '{}';
    _sorted.problems := '{}';
    -- One after the other: a query would fetch a vector anew for each look at it, and sort copies.
    for _row in
        select k.key, t.is_there, t.embedding, t.metadata
        from unnest(_sorted.keys) as k (key)
        left join s3vl._rows(_sorted.binding, _sorted.keys) as t on t.key = k.key
    loop
        _id := _sorted.binding.id_prefix || _row.key;
        if _row.is_there is not true then
            -- What can be no id is in no index.
            if s3vl._id_problem(_id) is null then
                _sorted.gone := array_append(_sorted.gone, _id);
            end if;
            continue;
        end if;
        -- With the vector itself, and no longer where in the table it is.
        _record := (
            _id, _row.embedding,
            case when _sorted.binding.hash_key is null then _row.metadata else s3vl._with_hash(
                _row.metadata, _row.embedding, _sorted.binding.hash_key
            ) end
        );
        _problem := s3vl._row_problem(
            _id, _record.embedding, _record.metadata, _sorted.index
        );
        if _problem is not null then
            _sorted.refused := array_append(_sorted.refused, _row.key);
            _sorted.problems := array_append(_sorted.problems, _problem);
        elsif _record.embedding is not null then
            _sorted.records := array_append(_sorted.records, _record);
        elsif _sorted.binding.when_null = 'keep' then
            _sorted.kept := array_append(_sorted.kept, _record);
        else
            _sorted.gone := array_append(_sorted.gone, _id);
            _sorted.waiting := array_append(_sorted.waiting, _row.key);
        end if;
    end loop;
end;
$$;

comment on function s3vl._sorted(s3vl.binding, s3vl.index_registry, text[]) is
    'Reads the rows of keys, and tells which are to be put, which keep their vector and get other '
    'metadata, which ids are to be deleted, and which rows wait or cannot be stored.';
