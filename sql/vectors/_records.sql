-- Checks of records before they are written: what S3 Vectors would refuse, as far as it is known
-- here. Each `_problem` completes a sentence, and is null when there is none.

create or replace function s3vl._embedding_problem(
    embedding real[],
    dimension integer,
    distance_metric text
)
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when _embedding_problem.embedding is null then 'is null'
        when cardinality(_embedding_problem.embedding) = 0 then 'is empty'
        when array_ndims(_embedding_problem.embedding) <> 1
            then 'must be one-dimensional, got ' || array_dims(_embedding_problem.embedding)
        when cardinality(_embedding_problem.embedding) <> _embedding_problem.dimension then format(
            'has %s numbers, the index has %s dimensions',
            cardinality(_embedding_problem.embedding),
            _embedding_problem.dimension
        )
        when array_position(_embedding_problem.embedding, null) is not null then 'holds a null'
        -- NaN sorts above it.
        when 'Infinity' <= any(_embedding_problem.embedding) then 'holds ' || case
            when 'NaN' = any(_embedding_problem.embedding) then 'NaN' else 'Infinity'
        end
        when '-Infinity' = any(_embedding_problem.embedding) then 'holds -Infinity'
        when _embedding_problem.distance_metric = 'cosine' and 0 = all(_embedding_problem.embedding)
            then 'is zero in every dimension, which has no direction for cosine distance'
    end;
end;
$$;

comment on function s3vl._embedding_problem(real[], integer, text) is
    'Says what is wrong with a vector that is to be written; the facts may be null.';

create or replace function s3vl._raise_record(
    record_position bigint,
    field text,
    id text,
    problem text,
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Only in these problems facts of the index have a part.
    _origin text := case
        when _raise_record.problem
            ~ '^(has [0-9]+ numbers|is zero in every dimension|counts as [0-9]+ filterable bytes)'
            then s3vl._facts_origin(_raise_record.index)
    end;
begin
    raise exception using
        errcode = '22023',
        message = format(
            'vectors[%s].%s%s %s',
            _raise_record.record_position,
            _raise_record.field,
            case
                when _raise_record.id <> '' then ' of "' || s3vl._shown(_raise_record.id) || '"'
            end,
            _raise_record.problem
        ),
        detail = concat_ws(' ', 'Nothing was written.', _origin),
        hint = concat_ws(
            ' ',
            case
                when _raise_record.field = 'vector_id'
                    then 'An id is a text of 1 to 1,024 bytes, a different one in each record.'
                when _raise_record.field = 'embedding' then 'A vector has as many numbers as the '
                    'index has dimensions, all of them finite.'
                when _raise_record.problem ~ ' is null$'
                    then 'jsonb_strip_nulls(metadata) removes nulls.'
                when _raise_record.problem ~ '^counts as [0-9]+ filterable bytes'
                    then 'Store less, or make the key non-filterable when the index is created.'
                when _raise_record.problem ~ '^(counts as|has) [0-9]+ bytes'
                    then 'Store less, for example the id of a row that holds the rest.'
                else 'Metadata is an object of up to 50 strings, numbers, booleans, arrays of '
                    'strings and arrays of numbers.'
            end,
            case when _origin is not null then s3vl._refresh_hint(_raise_record.index) end
        );
end;
$$;

comment on function s3vl._raise_record(bigint, text, text, text, s3vl.index_registry) is
    'Refuses a record, naming its position, its field and its id.';

create or replace function s3vl._check_repeated_ids(
    vector_ids text[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _bad record;
begin
    select d.position, d.vector_id, d.first_position
    into _bad
    from (
        select
            i.position,
            i.vector_id,
            min(i.position) over (partition by i.vector_id collate "C") as first_position
        from unnest(_check_repeated_ids.vector_ids) with ordinality as i (vector_id, position)
    ) as d
    where d.position > d.first_position
    order by d.position
    limit 1;
    if found then
        perform s3vl._raise_record(
            _bad.position,
            'vector_id',
            _bad.vector_id,
            format('is also that of vectors[%s]', _bad.first_position),
            _check_repeated_ids.index
        );
    end if;
end;
$$;

comment on function s3vl._check_repeated_ids(text[], s3vl.index_registry) is
    'Refuses records of which two have the same id.';

create or replace function s3vl._check_records(
    vectors s3vl.vector_record[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _dimension integer := _check_records.index.dimension;
    _metric text := _check_records.index.distance_metric;
    _non_filterable text[] := _check_records.index.non_filterable_keys;
    -- An array may begin at any number; positions are counted from 1.
    _before integer := array_lower(_check_records.vectors, 1) - 1;
    _record s3vl.vector_record;
    _field text;
    _problem text;
    _ids text[] := '{}'::text[];
begin
    perform s3vl._check_list(
        'vectors', _check_records.vectors, 'array[(id, embedding, metadata)::s3vl.vector_record]'
    );
    -- As rows of a query, all the vectors would be copied to disk.
    for _position in 1 .. cardinality(_check_records.vectors) loop
        _record := _check_records.vectors[_before + _position];
        _field := 'vector_id';
        _problem := s3vl._id_problem(_record.vector_id);
        if _problem is null then
            _field := 'embedding';
            _problem := s3vl._embedding_problem(_record.embedding, _dimension, _metric);
        end if;
        if _problem is null then
            _field := 'metadata';
            _problem := s3vl._metadata_problem(_record.metadata, _non_filterable);
        end if;
        if _problem is not null then
            perform s3vl._raise_record(
                _position, _field, _record.vector_id, _problem, _check_records.index
            );
        end if;
        _ids := array_append(_ids, _record.vector_id);
    end loop;
    perform s3vl._check_repeated_ids(_ids, _check_records.index);
end;
$$;

comment on function s3vl._check_records(s3vl.vector_record[], s3vl.index_registry) is
    'Refuses records that no index takes, or not this one.';
