-- What a search under a predicate has learnt by a step. Each returns what is known then.

create or replace function s3vl._with_estimate(search jsonb, estimated_rows double precision)
    returns jsonb
    immutable
    security definer
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _with_estimate.search
        || jsonb_build_object('estimated_rows', _with_estimate.estimated_rows)
$$;

comment on function s3vl._with_estimate(jsonb, double precision) is
    'After the planner was asked.';

create or replace function s3vl._with_candidates(search jsonb, keys_found integer, maximum integer)
    returns jsonb
    immutable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _with_candidates.search ->> 'asked' = 'prefilter'
        and _with_candidates.keys_found is null
    then
        raise exception using
            errcode = '22023',
            message = format(
                'candidates has more than %s keys, and filter_strategy is prefilter',
                _with_candidates.maximum - 1
            ),
            hint = 'Leave filter_strategy out, or pass a larger exact_search_threshold.';
    end if;
    return _with_candidates.search || jsonb_build_object(
        'keys_read', _with_candidates.maximum,
        'candidates', _with_candidates.keys_found
    );
end;
$$;

comment on function s3vl._with_candidates(jsonb, integer, integer) is
    'After keys were read: so many are all candidates; null for the maximum or more.';

create or replace function s3vl._hits_of(
    vector_ids text[],
    distances double precision[],
    similarity_scores double precision[],
    metadata jsonb[],
    among text[]
)
    returns jsonb
    stable
    language sql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not get other distances.
    set extra_float_digits = 1
as $$
    select coalesce(jsonb_agg(to_jsonb(h) - 'position' order by h.position), '[]')
    from unnest(
        _hits_of.vector_ids, _hits_of.distances, _hits_of.similarity_scores, _hits_of.metadata
    ) with ordinality as h (vector_id, distance, similarity_score, metadata, position)
    where h.vector_id collate "C" in (
        select a.vector_id from unnest(_hits_of.among) as a (vector_id)
    )
$$;

comment on function s3vl._hits_of(
    text[], double precision[], double precision[], jsonb[], text[]
) is
    'Returns those of some rows that have one of the ids, as a document.';

create or replace function s3vl._with_page(
    search jsonb,
    began timestamptz,
    vector_ids text[],
    distances double precision[],
    similarity_scores double precision[],
    metadata jsonb[],
    passing text[],
    is_ended boolean
)
    returns jsonb
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _scanned constant integer := cardinality(_with_page.vector_ids);
    _hits constant jsonb := s3vl._hits_of(
        _with_page.vector_ids, _with_page.distances, _with_page.similarity_scores,
        _with_page.metadata, _with_page.passing
    );
begin
    return _with_page.search || jsonb_build_object(
        'rounds', (_with_page.search -> 'rounds')::integer + 1,
        'pages', (_with_page.search -> 'pages')::integer + ceil(_scanned / 100.0),
        'read_ms', (_with_page.search -> 'read_ms')::double precision
        + extract(epoch from clock_timestamp() - _with_page.began) * 1000,
        'scanned', (_with_page.search -> 'scanned')::integer + _scanned,
        'passed', (_with_page.search -> 'passed')::integer + jsonb_array_length(_hits),
        'hits', (_with_page.search -> 'hits') || _hits,
        'is_ended', _with_page.is_ended
    );
end;
$$;

comment on function s3vl._with_page(
    jsonb, timestamptz, text[], double precision[], double precision[], jsonb[], text[], boolean
) is
    'After neighbours were read, and those were found that pass.';

create or replace function s3vl._with_ranks(
    search jsonb,
    vector_ids text[],
    distances double precision[],
    similarity_scores double precision[],
    metadata jsonb[],
    missing bigint
)
    returns jsonb
    stable
    security definer
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _with_ranks.search || jsonb_build_object(
        'is_ranked', true,
        'missing', _with_ranks.missing,
        'hits', s3vl._hits_of(
            _with_ranks.vector_ids, _with_ranks.distances, _with_ranks.similarity_scores,
            _with_ranks.metadata, _with_ranks.vector_ids
        )
    )
$$;

comment on function s3vl._with_ranks(
    jsonb, text[], double precision[], double precision[], jsonb[], bigint
) is
    'After all candidates were ranked.';

create or replace function s3vl._hits(search jsonb)
    returns table (
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    immutable
    security definer
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select h.vector_id, h.distance, h.similarity_score, h.metadata
    from jsonb_array_elements(_hits.search -> 'hits') with ordinality as e (hit, position)
    cross join lateral jsonb_to_record(e.hit) as h (
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    order by e.position
    limit (_hits.search -> 'top_k')::integer
$$;

comment on function s3vl._hits(jsonb) is
    'Returns the rows of a search, nearest first.';
