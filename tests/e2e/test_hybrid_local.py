"""query_hybrid_local on the real function: both lists are those of the rows, and so is their fusion."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from indexes import registered_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from fixtures_cloud import Stack

DIMENSION = 3
ROWS = 150
NAME = "hybrid-local"
WORDS = ("red", "blue", "shoe", "boot", "lace", "sole")
MAKE_TABLE: LiteralString = """
    create table goods (id integer primary key, tenant text, words text, truth double precision[]);
    alter table goods add column tsv tsvector generated always as (to_tsvector('simple', words)) stored;
    create index on goods using gin (tsv);
    alter table goods enable row level security;
    create role goods_a;
    create policy own on goods to goods_a using (tenant = 'a');
    grant select on goods to goods_a;
    grant goods_a to current_user;
    select s3vl.grant_access('goods_a', 'reader');
"""
SEARCH: LiteralString = """
    select vector_id, rank, score, distance, text_rank
    from s3vl.query_hybrid_local(
        %(vector)s, %(query)s::text::tsquery, 'goods', 'tsv', index_name => 'hybrid-local', top_k => %(top_k)s,
        vector_weight => %(weight)s, fusion => %(fusion)s, candidates => %(candidates)s, parameters => %(parameters)s
    )
"""
# What the two lists are made of, for every row that may be found; a row without a vector has no distance.
VALUES: LiteralString = """
    select id::text, case when tsv @@ %(query)s::text::tsquery then ts_rank_cd(tsv, %(query)s::text::tsquery) end,
        (
            select 1 - sum(a * b) / sqrt(sum(a * a)) / sqrt(sum(b * b))
            from unnest(truth, %(vector)s::double precision[]) as n (a, b)
        )
    from goods where tenant = 'a' or not %(narrow)s
"""


def listed(values: dict[str, float], window: int) -> list[str]:
    """Return the ids with the smallest values."""
    return sorted(values, key=lambda key: (values[key], key))[:window]


def shares(values: dict[str, float], fusion: str, window: int) -> dict[str, float]:
    """Return what a hit is worth in a list in which less is better."""
    hits = listed(values, window)
    if fusion == "rrf":
        return {key: 1 / (60 + place) for place, key in enumerate(hits, start=1)}
    best, worst = (values[hits[0]], values[hits[-1]]) if hits else (0, 0)
    return {key: (worst - values[key]) / (worst - best) if worst > best else 1 for key in hits}


def fused(rows: list[tuple[Any, ...]], fusion: str, weight: float, top_k: int) -> list[tuple[Any, ...]]:
    """Return what a look at every row finds: id, score, distance, text rank."""
    ranks = {key: -rank for key, rank, _ in rows if rank is not None}
    distances = {key: distance for key, _, distance in rows if distance is not None}
    by_text, by_vector = (shares(values, fusion, 5 * top_k) for values in (ranks, distances))
    scores = {
        key: weight * by_vector.get(key, 0) + (1 - weight) * by_text.get(key, 0)
        for key in by_text | by_vector
    }
    return [
        (
            key,
            scores[key],
            distances[key] if key in by_vector else None,
            -ranks[key] if key in by_text else None,
        )
        for key in sorted(scores, key=lambda key: (-scores[key], key))[:top_k]
    ]


@pytest.fixture
def goods(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    without_approximation: Callable[[str], None],
) -> Iterator[psycopg.Connection]:
    """Fill a table with random words, and an exact index with a random vector for nine rows in ten."""
    arn = registered_index(connection, aws, stack, NAME, DIMENSION)
    without_approximation(arn)
    for statement in MAKE_TABLE.split(";")[:-1]:
        connection.execute(statement)  # type: ignore[arg-type]
    chance = random.Random(19)  # noqa: S311
    vectors = {n: [chance.gauss(0, 1) for _ in range(DIMENSION)] for n in range(1, ROWS + 1)}
    for n, vector in vectors.items():
        connection.execute(
            "insert into goods values (%s, %s, %s, %s)",
            [
                n,
                "ab"[n % 2],
                " ".join(chance.choices(WORDS, k=chance.randint(0, 8))),
                vector if n % 10 else None,
            ],
        )
    aws("s3vectors").put_vectors(
        indexArn=arn,
        vectors=[
            {"key": str(n), "data": {"float32": vector}}
            # And a vector without a row, which never comes.
            for n, vector in [*vectors.items(), (ROWS + 1, [1.0, 1.0, 1.0])]
            if n % 10
        ],
    )
    yield connection
    connection.execute("reset role; drop owned by goods_a; drop role goods_a")


def test_it_is_a_fusion_of_all_rows(goods: psycopg.Connection) -> None:
    """Of random words, vectors, weights and windows, all rows or those of a predicate or a policy: ids and scores."""
    chance = random.Random(2)  # noqa: S311
    queries = [*(" | ".join(pair) for pair in itertools.combinations(WORDS, 2)), "red & shoe", "nothing"]
    for number in range(24):
        fusion = ("rrf", "weighted")[number // 12]
        narrowed_by = (None, "predicate", "policy")[number % 3]
        given = {
            "vector": [chance.gauss(0, 1) for _ in range(DIMENSION)],
            "query": chance.choice(queries),
            "top_k": chance.choice([1, 4, 10, 50]),
            "weight": chance.choice([0, 0.3, 0.5, 0.8, 1]),
            "fusion": fusion,
            "candidates": "select id from goods where tenant = $1 #>> '{}'"
            if narrowed_by == "predicate"
            else None,
            "parameters": '"a"' if narrowed_by == "predicate" else None,
            "narrow": narrowed_by is not None,
        }
        goods.execute("set role goods_a" if narrowed_by == "policy" else "reset role")

        found = goods.execute(SEARCH, given).fetchall()

        goods.execute("reset role")
        expected = fused(goods.execute(VALUES, given).fetchall(), fusion, given["weight"], given["top_k"])
        assert [row[0] for row in found] == [row[0] for row in expected], given
        assert [row[1] for row in found] == list(range(1, len(expected) + 1))
        for row, parts in zip(found, expected, strict=True):
            # Distances of the service are those of 4-byte floats.
            assert row[2:] == pytest.approx(parts[1:], abs=1e-5)
