-- How many vectors the Lambda function can rank exactly, which takes it processor time.

create or replace function s3vl._exact_numbers(memory_mb integer)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Two million numbers take a whole processor about 1.4 s (bench). Lambda gives that with 1,769
    -- MB, and less in proportion. Of what nobody told, the template's default is assumed.
    select floor(2000000 * least(1, coalesce(_exact_numbers.memory_mb, 256) / 1769.0))::integer
$$;

comment on function s3vl._exact_numbers(integer) is
    'Returns how many numbers of vectors the function ranks in about 1.4 s, given its memory.';

create or replace function s3vl._exact_search_threshold(dimension integer)
    returns integer
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A request has 20,000 ids, and one call of GetVectors 100. Where the dimension is not known,
    -- it is a large one.
    select least(
        20000, greatest(100, s3vl._exact_numbers(f.memory_mb) / coalesce(d.dimension, 1536))
    )
    from (select _exact_search_threshold.dimension) as d (dimension)
    left join s3vl.function_facts as f on true
$$;

comment on function s3vl._exact_search_threshold(integer) is
    'Returns how many vectors of a dimension are ranked exactly by default.';
