"""From SQL through the real Lambda code to S3 Vectors and back: the right rows, all of them, in order."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest

from fixtures_cloud import INDEX_NAME, Held, Stack, sample_vectors
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTICAL = [-0.116703, 0.325043, 0.578032, 0.739321, -0.003246]
VEC_003 = [-0.392024, 0.229378, 0.582031, 0.382919, -0.555263]
LARGE = 2_500
# An index's distances are off by up to 1e-5, as was measured on AWS.
TOLERANCE = 2e-5


@pytest.fixture(scope="session")
def large_index(
    aws: Callable[..., Any], stack: Stack, without_approximation: Callable[[str], None]
) -> tuple[str, np.ndarray]:
    """Fill an exact index of its own with 2,500 random vectors; give its ARN and the vectors, row by key number."""
    client = aws("s3vectors")
    bucket = stack.index_arn.split("/")[1]
    client.create_index(
        vectorBucketName=bucket, indexName="large", dataType="float32", dimension=8, distanceMetric="cosine"
    )
    arn = client.get_index(vectorBucketName=bucket, indexName="large")["index"]["indexArn"]
    without_approximation(arn)
    vectors = np.random.default_rng(20261121).standard_normal((LARGE, 8)).astype(np.float32)
    for start in range(0, LARGE, 500):
        client.put_vectors(
            indexArn=arn,
            vectors=[
                {"key": f"{n:05}", "data": {"float32": vectors[n].tolist()}, "metadata": {"parity": n % 2}}
                for n in range(start, start + 500)
            ],
        )
    return arn, vectors


@pytest.fixture
def large(connection: psycopg.Connection, large_index: tuple[str, np.ndarray]) -> np.ndarray:
    """Register the large index as `large`; give its vectors."""
    connection.execute("select s3vl.register_index('large', %s)", [large_index[0]])
    return large_index[1]


def nearest(vectors: np.ndarray, query: list[float], count: int) -> list[tuple[int, float]]:
    """Return row numbers and cosine distances of the nearest vectors, nearest first, by brute force."""
    point = np.asarray(query, np.float64)
    rows = vectors.astype(np.float64)
    distances = 1 - rows @ point / (np.linalg.norm(rows, axis=1) * np.linalg.norm(point))
    order = np.argsort(distances, kind="stable")[:count]
    return [(int(n), float(distances[n])) for n in order]


def test_identical_vectors_have_similarity_one(connection: psycopg.Connection) -> None:
    """The post's identical-vector query gives those of vec_048 to vec_050 that are found, with similarity 1."""
    rows = connection.execute(
        "select vector_id, distance, similarity_score, metadata from s3vl.query_vectors(%s::float8[], %s, top_k => 3)",
        [IDENTICAL, INDEX_NAME],
    ).fetchall()

    identical = [row for row in rows if row[3]["category"] == "identical"]
    assert len(identical) >= 2
    assert {row[0] for row in identical} <= {"vec_048", "vec_049", "vec_050"}
    for _, distance, similarity, _ in identical:
        assert distance == pytest.approx(0, abs=TOLERANCE)
        assert similarity == pytest.approx(1, abs=TOLERANCE)


def test_a_filter_returns_only_what_matches(connection: psycopg.Connection) -> None:
    """The post's filtered query returns up to five vectors, all of the category."""
    rows = connection.execute(
        "select metadata ->> 'category' from s3vl.query_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], %s, top_k => 5,"
        ' metadata_filter => \'{"category": "test"}\')',
        [INDEX_NAME],
    ).fetchall()

    assert set(rows) == {("test",)}
    assert len(rows) <= 5


def test_the_combined_query_is_near_brute_force(connection: psycopg.Connection) -> None:
    """The post's join gives affordable products in stock, best first, and most of those computed by hand."""
    connection.execute((ROOT / "sample-data" / "products.sql").read_text())
    combined = (ROOT / "sample-data" / "queries.sql").read_text()
    combined = combined[combined.index("WITH similar_products") :].split(";")[0]

    rows = connection.execute(combined).fetchall()

    vectors = sample_vectors()
    data = np.asarray([vector["data"]["float32"] for vector in vectors], np.float32)
    products = {
        row[0]: row[1:]
        for row in connection.execute(
            "select vector_key, product_name, price, in_stock from s3vl_demo_products"
        ).fetchall()
    }
    by_distance = [
        (products[key][0], 1 - distance, rank)
        for rank, (key, distance) in enumerate(
            (vectors[n]["key"], d) for n, d in nearest(data, VEC_003, len(vectors))
        )
        if key in products and products[key][2] and products[key][1] < 500
    ]
    scores = {name: score for name, score, _ in by_distance}
    expected = {name for name, _, rank in by_distance if rank < 10}
    found = [row[0] for row in rows]
    assert 3 <= len(expected) <= 5
    assert len(expected & set(found)) >= len(expected) / 2
    assert [row[3] for row in rows] == pytest.approx([scores[name] for name in found], abs=TOLERANCE)
    assert [row[3] for row in rows] == sorted((row[3] for row in rows), reverse=True)


def test_get_vectors_tells_found_from_missing_in_the_order_asked(connection: psycopg.Connection) -> None:
    """One row per distinct id, as first asked for; a missing one has found = false and nothing else."""
    rows = connection.execute(
        "select vector_id, embedding, metadata, found from s3vl.get_vectors(%s, %s)",
        [["vec_048", "nowhere", "vec_001", "vec_048"], INDEX_NAME],
    ).fetchall()

    stored = {vector["key"]: vector for vector in sample_vectors()}
    assert [(row[0], row[3]) for row in rows] == [("vec_048", True), ("nowhere", False), ("vec_001", True)]
    assert rows[1][1:3] == (None, None)
    assert rows[2][1] == pytest.approx(stored["vec_001"]["data"]["float32"], abs=1e-7)
    assert rows[2][2] == stored["vec_001"]["metadata"]


def test_list_vectors_reaches_every_vector(connection: psycopg.Connection, large: np.ndarray) -> None:
    """Following response_next_token visits all 2,500 vectors once."""
    seen: list[str] = []
    token = None
    while True:
        rows = connection.execute(
            "select vector_id, response_next_token, total_count from s3vl.list_vectors("
            "index_name => 'large', max_results => 300, next_token => %s)",
            [token],
        ).fetchall()
        assert {row[2] for row in rows} <= {len(rows)}
        seen += [row[0] for row in rows]
        token = rows[0][1] if rows else None
        if token is None:
            break

    assert len(seen) == LARGE
    assert sorted(seen) == [f"{n:05}" for n in range(len(large))]


def test_segments_together_are_the_whole_index(connection: psycopg.Connection, large: np.ndarray) -> None:
    """Four segments, each listed to its end, hold every vector exactly once."""
    seen: list[str] = []
    for segment in range(4):
        token: str | None = None
        while True:
            rows = connection.execute(
                "select vector_id, response_next_token from s3vl.list_vectors(index_name => 'large',"
                " max_results => 1000, next_token => %s, segment_count => 4, segment_index => %s)",
                [token, segment],
            ).fetchall()
            seen += [row[0] for row in rows]
            token = rows[0][1] if rows else None
            if token is None:
                break

    assert sorted(seen) == [f"{n:05}" for n in range(len(large))]


@pytest.mark.parametrize("top_k", [1, 100, 101, 1_000, 10_000])
def test_top_k_beyond_a_page_is_complete(
    connection: psycopg.Connection, large: np.ndarray, top_k: int
) -> None:
    """All pages arrive: distinct rows, nearest first, the same as brute force."""
    query = [0.3, -0.1, 0.7, 0.2, -0.5, 0.9, 0.1, -0.2]

    rows = connection.execute(
        "select vector_id, distance from s3vl.query_vectors(%s::float8[], 'large', top_k => %s)",
        [query, top_k],
    ).fetchall()

    expected = nearest(large, query, top_k)
    assert [row[0] for row in rows] == [f"{n:05}" for n, _ in expected]
    assert [row[1] for row in rows] == pytest.approx([distance for _, distance in expected], abs=TOLERANCE)


def test_metadata_comes_only_when_asked_for(connection: psycopg.Connection) -> None:
    """return_metadata => false leaves the column null."""
    rows = connection.execute(
        "select metadata from s3vl.query_vectors(%s::float8[], %s, return_metadata => false)",
        [IDENTICAL, INDEX_NAME],
    ).fetchall()

    assert set(rows) == {(None,)}


def test_unicode_and_quotes_survive_the_way_there_and_back(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """Ids and metadata with quotes, backslashes, line breaks and all of Unicode come back as stored."""
    key = 'naïve "quoted" \\back\\slash\n😀 \u2028'
    metadata = {'k"ey': "v\\al\nue 漢字", "numbers": [1, 2.5, -3e10], "texts": ["a", ""], "flag": False}
    vector = {"key": key, "data": {"float32": [9.0, -9.0, 9.0, -9.0, 9.0]}, "metadata": metadata}
    aws("s3vectors").put_vectors(indexArn=stack.index_arn, vectors=[vector])
    try:
        row = connection.execute(
            # One match: that one is found always.
            "select vector_id, metadata from s3vl.query_vectors(array[9, -9, 9, -9, 9]::float8[], %s,"
            """ metadata_filter => '{"flag": false}')""",
            [INDEX_NAME],
        ).fetchone()
        found = connection.execute(
            "select found from s3vl.get_vectors(%s, %s)", [[key], INDEX_NAME]
        ).fetchone()
    finally:
        aws("s3vectors").delete_vectors(indexArn=stack.index_arn, keys=[key])

    assert row == (key, metadata)
    assert found == (True,)


def test_two_sessions_query_at_the_same_time(database: Callable[[], psycopg.Connection]) -> None:
    """Sessions do not wait for each other, nor mix their rows."""
    vectors = [vector["data"]["float32"] for vector in sample_vectors()[:4]]
    connections = [database() for _ in vectors]
    together = threading.Barrier(len(vectors))

    def search(connection: psycopg.Connection, vector: list[float]) -> list[tuple[Any, ...]]:
        query = "select vector_id, distance from s3vl.query_vectors(%s::float8[], %s, top_k => 3)"
        return connection.execute(query, [vector, INDEX_NAME]).fetchall()

    def search_together(connection: psycopg.Connection, vector: list[float]) -> list[list[tuple[Any, ...]]]:
        together.wait()
        return [search(connection, vector) for _ in range(5)]

    alone = [search(connections[0], vector) for vector in vectors]
    with ThreadPoolExecutor(len(vectors)) as pool:
        answers = list(pool.map(search_together, connections, vectors))

    assert answers == [[rows] * 5 for rows in alone]
    assert len({tuple(rows) for rows in alone}) == len(vectors)


def nearest_three(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return the vectors that are found near the identical ones."""
    query = "select vector_id from s3vl.query_vectors(%s::float8[], %s, top_k => 3)"
    return connection.execute(query, [IDENTICAL, INDEX_NAME]).fetchall()


def test_cancelling_a_query_leaves_the_next_one_working(
    connection: psycopg.Connection, hold: Callable[..., Held]
) -> None:
    """A query cancelled while S3 Vectors is slow ends with 57014, and the session goes on."""
    search = hold("QueryVectors")

    def cancel() -> None:
        search.wait_for()
        connection.cancel_safe()

    canceller = threading.Thread(target=cancel)
    canceller.start()

    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("select * from s3vl.query_vectors(%s::float8[], %s)", [IDENTICAL, INDEX_NAME])

    canceller.join()
    search.let_go()
    assert nearest_three(connection)


def test_throttling_is_outlasted(connection: psycopg.Connection, faults: Callable[..., None]) -> None:
    """Three refusals with 429 cost time, not rows."""
    before = nearest_three(connection)
    faults(operation="QueryVectors", status=429, code="TooManyRequestsException", times=3)

    assert nearest_three(connection) == before
    assert before


def test_a_large_answer_comes_whole(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    without_approximation: Callable[[str], None],
) -> None:
    """300 vectors with 35 KB of metadata each are more than one Lambda answer holds, and all arrive."""
    client = aws("s3vectors")
    bucket = stack.index_arn.split("/")[1]
    client.create_index(
        vectorBucketName=bucket,
        indexName="heavy",
        dataType="float32",
        dimension=2,
        distanceMetric="cosine",
        metadataConfiguration={"nonFilterableMetadataKeys": ["body"]},
    )
    arn = client.get_index(vectorBucketName=bucket, indexName="heavy")["index"]["indexArn"]
    without_approximation(arn)
    for start in range(0, 300, 100):
        vectors = [
            {"key": str(n), "data": {"float32": [1.0, n / 300]}, "metadata": {"body": f"{n} " + "x" * 35_000}}
            for n in range(start, start + 100)
        ]
        client.put_vectors(indexArn=arn, vectors=vectors)
    connection.execute("select s3vl.register_index('heavy', %s)", [arn])

    rows = connection.execute(
        "select vector_id, metadata ->> 'body' from s3vl.query_vectors(array[1.0, 0.0], 'heavy', top_k => 300)"
    ).fetchall()

    assert [row[0] for row in rows] == [str(n) for n in range(300)]
    assert all(body == f"{vector_id} " + "x" * 35_000 for vector_id, body in rows)
    ranked = connection.execute(
        "select vector_id, metadata ->> 'body' from s3vl.rank_vectors(array[1.0, 0.0], %s, 'heavy', top_k => 290,"
        " return_metadata => true)",
        [[str(n) for n in range(299, -1, -1)]],
    ).fetchall()
    assert ranked == rows[:290]


@pytest.mark.parametrize("top_k", [1, 20, 10_000])
def test_a_ranking_is_brute_force_among_the_ids(
    connection: psycopg.Connection, large: np.ndarray, top_k: int
) -> None:
    """Whatever GetVectors omits or reorders: the nearest of the ids that exist, with the service's distances."""
    random = np.random.default_rng(top_k)
    chosen = random.choice(LARGE, 1_000, replace=False)
    ids = [f"{number:05}" for number in chosen] + [f"absent-{number}" for number in range(50)]
    random.shuffle(ids)
    query = random.standard_normal(8).tolist()

    rows = connection.execute(
        "select vector_id, distance, metadata from s3vl.rank_vectors(%s, %s, 'large', top_k => %s,"
        " return_metadata => true)",
        [query, ids, top_k],
    ).fetchall()

    expected = nearest(large[chosen], query, top_k)
    assert [row[0] for row in rows] == [f"{chosen[number]:05}" for number, _ in expected]
    assert [row[1] for row in rows] == pytest.approx([distance for _, distance in expected], abs=1e-6)
    assert all(row[2] == {"parity": int(row[0]) % 2} for row in rows)
    operation = connection.execute("select operation, api_calls from s3vl.last_call()").fetchone()
    assert operation == ("rank_vectors", 1 + 11 + -(-min(top_k, 1_000) // 100))


def test_neighbours_are_read_on(connection: psycopg.Connection, large: np.ndarray) -> None:
    """Pages of one search are read by several calls, each with its pages only, and are those of one call."""
    query = [1.0] + 7 * [0.0]
    found: list[str] = []
    continuation, pages = None, []

    while True:
        [ids, continuation] = connection.execute(
            "select vector_ids, next_continuation from s3vl._next_neighbours(s3vl._sealed_caller(), %s, 'large',"
            " null, 1000, %s, false, null, %s::jsonb, clock_timestamp())",
            [query, 150 if found else 1, json.dumps(continuation) if continuation else None],
        ).fetchone()
        found += ids
        [calls] = connection.execute("select api_calls from s3vl.last_call()").fetchone()
        pages.append((len(ids), calls))
        if continuation is None:
            break

    assert found == [f"{number:05}" for number, _ in nearest(large, query, 1_000)]
    assert pages == [(100, 1)] + 4 * [(200, 2)] + [(100, 1)]


def register_far(connection: psycopg.Connection, client: Any) -> str:
    """Make an index where the client is, with one vector, and register it as `far`; give its ARN."""
    bucket = "far-away"
    client.create_vector_bucket(vectorBucketName=bucket)
    client.create_index(
        vectorBucketName=bucket, indexName="far", dataType="float32", dimension=2, distanceMetric="euclidean"
    )
    arn: str = client.get_index(vectorBucketName=bucket, indexName="far")["index"]["indexArn"]
    client.put_vectors(indexArn=arn, vectors=[{"key": "a", "data": {"float32": [3.0, 4.0]}}])
    connection.execute("select s3vl.register_index('far', %s)", [arn])
    return arn


def test_an_index_in_another_region_is_reached_there(
    connection: psycopg.Connection, aws: Callable[..., Any]
) -> None:
    """The region comes from the index ARN, not from the function's own region."""
    arn = register_far(connection, aws("s3vectors", "eu-central-1"))

    row = connection.execute(
        "select vector_id, distance, similarity_score, metadata from s3vl.query_vectors(array[0.0, 0.0], 'far')"
    ).fetchone()

    assert ":eu-central-1:" in arn
    # Squared Euclidean distance, and 1 / (1 + distance).
    assert row == ("a", pytest.approx(25, rel=TOLERANCE), pytest.approx(1 / 26, rel=TOLERANCE), {})


@pytest.mark.parametrize(("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")])
def test_other_partitions_work(
    connection: psycopg.Connection, aws: Callable[..., Any], partition: str, region: str
) -> None:
    """ARNs of China and GovCloud are accepted and lead to their regions."""
    arn = register_far(connection, aws("s3vectors", region))

    row = connection.execute("select vector_id from s3vl.query_vectors(array[1.0, 0.0], 'far')").fetchone()

    assert arn.startswith(f"arn:{partition}:s3vectors:{region}:")
    assert row == ("a",)
