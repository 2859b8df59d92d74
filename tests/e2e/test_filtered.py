"""query_filtered on the real function and an index that is approximate as on AWS, or exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest
from hypothesis import given

from fixtures_filtered import TABLES
from predicates import Question, examples, judge, questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Stack

ROWS = 600
SEARCH = """
    select vector_id from s3vl.query_filtered(
        %(vector)s::float8[], %(candidates)s, 'shop', top_k => %(top_k)s, filter_strategy => %(filter_strategy)s,
        num_candidates => coalesce(%(num_candidates)s, 10000), exact_search_threshold => %(exact_search_threshold)s
    )
"""


class Shop:
    """A table of products whose vectors are in an index of S3 Vectors."""

    def __init__(self, connection: psycopg.Connection, vectors: dict[str, np.ndarray]) -> None:
        self.connection = connection
        self._vectors = vectors
        self._said: list[str | None] = []
        connection.add_notice_handler(lambda said: self._said.append(said.severity_nonlocalized))

    def ask(self, question: Question, *, approximate: bool) -> None:
        """Search, and hold the answer to the contract."""
        self._said.clear()
        given = {"num_candidates": None, "exact_search_threshold": None, **question.arguments}
        found = self.connection.execute(
            SEARCH, {"vector": question.vector, "candidates": question.candidates, **given}
        ).fetchall()
        warned = "WARNING" in self._said
        cursor = self.connection.cursor(row_factory=psycopg.rows.dict_row)
        last = cursor.execute("select * from s3vl.last_search()").fetchone()
        assert last is not None
        keys = {
            row[0]
            for row in self.connection.execute(
                f"select c.k::text from ({question.candidates}) as c (k) where c.k is not null".encode()
            )
        }
        judge(
            question,
            [row[0] for row in found],
            last,
            self._nearest(question.vector, keys),
            len(keys),
            warned=warned,
            approximate=approximate,
        )

    def _nearest(self, vector: list[float], keys: set[str]) -> list[str]:
        """Return the ids of all vectors of the keys, nearest first, by a look at each."""
        point = np.asarray(vector, np.float32).astype(np.float64)
        distances = {
            key: float(((self._vectors[key].astype(np.float64) - point) ** 2).sum())
            for key in keys
            if key in self._vectors
        }
        return sorted(distances, key=lambda key: distances[key])


@pytest.fixture
def make_shop(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> Callable[[str], tuple[Shop, str]]:
    """Fill an index of this name, which SQL knows as `shop`, and a table beside it."""

    def make(name: str) -> tuple[Shop, str]:
        client, bucket = aws("s3vectors"), stack.index_arn.split("/")[1]
        arn: str = client.create_index(
            vectorBucketName=bucket,
            indexName=name,
            dataType="float32",
            dimension=2,
            distanceMetric="euclidean",
        )["indexArn"]
        connection.execute("select s3vl.register_index('shop', %s)", [arn])
        connection.execute(TABLES)
        random = np.random.default_rng(20261128)
        # Every fiftieth row has no vector, and one vector has no row.
        vectors = {
            str(n): random.random(2).astype(np.float32) for n in range(1, ROWS + 2) if n % 50 or n > ROWS
        }
        records = [{"key": key, "data": {"float32": row.tolist()}} for key, row in vectors.items()]
        for start in range(0, len(records), 500):
            client.put_vectors(indexArn=arn, vectors=records[start : start + 500])
        return Shop(connection, vectors), arn

    return make


def test_no_answer_of_an_approximate_index_is_dishonest(make_shop: Callable[[str], tuple[Shop, str]]) -> None:
    """Though it misses vectors: what may lack rows says so, and what says that it is exact is."""
    shop, _ = make_shop("shop-approximate")

    @examples(25)
    @given(question=questions())
    def ask(question: Question) -> None:
        shop.ask(question, approximate=True)

    ask()


def test_an_exact_index_gives_the_nearest(
    make_shop: Callable[[str], tuple[Shop, str]], without_approximation: Callable[[str], None]
) -> None:
    """Every answer is the beginning of what a look at every row finds."""
    shop, arn = make_shop("shop-exact")
    without_approximation(arn)

    @examples(25)
    @given(question=questions())
    def ask(question: Question) -> None:
        shop.ask(question, approximate=False)

    ask()


def test_metadata_comes_when_asked_for(
    make_shop: Callable[[str], tuple[Shop, str]], aws: Callable[..., Any]
) -> None:
    """By either strategy, and a filter of the service holds beside the query."""
    shop, arn = make_shop("shop-metadata")
    aws("s3vectors").put_vectors(
        indexArn=arn,
        vectors=[
            {
                "key": str(n),
                "data": {"float32": [n / 10, 0.5]},
                "metadata": {"kind": "tea" if n % 2 else "cup"},
            }
            for n in range(1, 9)
        ],
    )
    search = (
        "select vector_id, metadata from s3vl.query_filtered(array[0, 0.5], 'select id from products where id < 6',"
        " 'shop', top_k => 3, return_metadata => true{})"
    )
    expected = [("1", {"kind": "tea"}), ("2", {"kind": "cup"}), ("3", {"kind": "tea"})]

    assert shop.connection.execute(search.format("").encode()).fetchall() == expected
    found = shop.connection.execute(search.format(", filter_strategy => 'postfilter'").encode()).fetchall()
    assert {row for row, _ in found} <= {"1", "2", "3", "4", "5"}
    assert all(metadata == {"kind": "tea" if int(key) % 2 else "cup"} for key, metadata in found)
    filtered = ', metadata_filter => \'{"kind": "cup"}\''
    assert shop.connection.execute(search.format(filtered).encode()).fetchall() == [
        ("2", {"kind": "cup"}),
        ("4", {"kind": "cup"}),
    ]
