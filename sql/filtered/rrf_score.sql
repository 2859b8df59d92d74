-- What a place in a list of hits is worth.

create or replace function s3vl.rrf_score(
    rank bigint,
    weight double precision default 1,
    k integer default 60
)
    returns double precision
    immutable
    parallel safe
    language sql
-- No search_path, so that it is inlined; the operators then are those of PostgreSQL all the same.
as $$
    select coalesce(
        rrf_score.weight operator(pg_catalog./) (
            rrf_score.k operator(pg_catalog.+) rrf_score.rank
        ),
        0
    )
$$;

comment on function s3vl.rrf_score(bigint, double precision, integer) is
    'Scores a rank for fusion (RRF). The score is weight / (k + rank), with ranks from 1, and 0 '
    'for null, which is the rank in a list that does not have the row. Add up the scores of a row '
    'over all lists, and order by the sum: rrf_score(t.rank) + rrf_score(v.rank) after a FULL '
    'JOIN. A sum means nothing by itself, only beside others of the same query. A larger k makes '
    'the first places matter less. No Lambda call.';
