"""rank_vectors: what is sent, and one ranking from all that is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/rank_vectors.json").read_text())


def rank(db: Database, ids: list[str | None], arguments: LiteralString = "") -> list[dict[str, Any]]:
    """Rank vectors of the index "docs" by their distance to the vector of the event."""
    return db.rows(
        "select * from s3vl.rank_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], %(ids)s::text[], 'docs'"
        + arguments
        + ")",
        ids=ids,
    )


def ranking(*found: tuple[str, float], missing: int = 0, metric: str = "cosine") -> dict[str, Any]:
    """Return a result with these ids and distances."""
    vectors = [{"vector_id": vector_id, "distance": distance} for vector_id, distance in found]
    return {"distance_metric": metric, "missing": missing, "vectors": vectors}


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """The request is the one in lambda/events/, and each id is in it once."""
    registered.answers(ranking())

    rank(
        db,
        ["vec_001", "vec_002", "vec_001", "no-such-vector"],
        ", top_k => 2, return_metadata => true",
    )

    [request] = registered.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_rows_are_those_of_a_search(db: Database, registered: StubLambda) -> None:
    """Same columns, nearest first, and metadata when asked for."""
    registered.answers(
        {
            "distance_metric": "euclidean",
            "missing": 0,
            "vectors": [
                {"vector_id": "b", "distance": 1, "metadata": {"n": 1}},
                {"vector_id": "a", "distance": 3, "metadata": {}},
            ],
        }
    )

    assert rank(db, ["a", "b"], ", return_metadata => true") == [
        {"vector_id": "b", "distance": 1, "similarity_score": 0.5, "metadata": {"n": 1}},
        {"vector_id": "a", "distance": 3, "similarity_score": 0.25, "metadata": {}},
    ]
    assert db.notices[-1].message == "aws_lambda.invoke"


def test_many_ids_are_ranked_as_one(db: Database, registered: StubLambda) -> None:
    """Of each request and each part the nearest are kept; ties go by the bytes of the id."""
    ids = [f"vec_{number}" for number in range(30_000)]
    registered.answers(ranking(missing=2), continuation={"position": 100})
    registered.answers(ranking(("vec_1", 0.1), ("vec_2", 0.2), ("Z", 0.3), missing=1))
    registered.answers(ranking(("vec_25000", 0.05), ("vec_25001", 0.2), ("a", 0.3), missing=4))

    rows = rank(db, ids, ", top_k => 5")

    assert [row["vector_id"] for row in rows] == ["vec_25000", "vec_1", "vec_2", "vec_25001", "Z"]
    assert [len(request["vector_ids"]) for request in registered.requests] == [20_000, 20_000, 10_000]
    assert {request["top_k"] for request in registered.requests} == {5}
    notice = db.notices[-1]
    assert notice.message == 'index "docs" has no vector for 7 of the ids'
    assert "s3vl.get_vectors()" in (notice.hint or "")


def test_no_ids_are_no_call(db: Database, registered: StubLambda) -> None:
    """An empty array has no nearest, which is no error."""
    assert rank(db, []) == []
    assert registered.requests == []


@pytest.mark.parametrize(
    ("ids", "message"),
    [(["a", None], "vector_ids[2] is null"), (["a", ""], "vector_ids[2] is empty")],
)
def test_ids_that_cannot_be_are_refused(
    db: Database, registered: StubLambda, ids: list[str | None], message: str
) -> None:
    """Before a call is paid for."""
    error = db.error("select * from s3vl.rank_vectors('{1,2,3,4,5}', %(ids)s::text[], 'docs')", ids=ids)

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert registered.requests == []


@pytest.mark.parametrize(
    ("call", "sqlstate", "message"),
    [
        ("'{1,2,3}', '{a}', 'docs'", "22023", "query_vector has 3 numbers"),
        ("'{0,0,0,0,0}', '{a}', 'docs'", "22023", "query_vector is zero in every dimension"),
        ("'{1,2,3,4,NaN}', '{a}', 'docs'", "22023", "query_vector[5] is NaN"),
        ("'{1,2,3,4,5}', null, 'docs'", "22023", "vector_ids is null"),
        ("'{1,2,3,4,5}', '{{a}}', 'docs'", "22023", "vector_ids must be one-dimensional"),
        ("'{1,2,3,4,5}', '{a}', 'docs', top_k => 0", "22023", "top_k must be between 1 and 10000"),
        (
            "'{1,2,3,4,5}', '{a}', 'docs', return_metadata => null",
            "22023",
            "return_metadata must be true or false",
        ),
        ("'{1,2,3,4,5}', '{a}', 'nowhere'", "42704", 'index "nowhere" is not registered'),
        ("'{1,2,3,4,5}', '{a}', 'docs', expected_model => 'x'", "22023", 'expected_model is "x", and'),
        ("'{1,2,3,4,5}', '{a}'", "22023", "neither index_name nor index_arn is given"),
    ],
)
def test_wrong_arguments_are_refused(
    db: Database, registered: StubLambda, call: LiteralString, sqlstate: str, message: str
) -> None:
    """Each with its value, before a call is paid for, even when no ids are given."""
    for ids in ("{a}", "{}"):
        error = db.error("select * from s3vl.rank_vectors(" + call.replace("'{a}'", f"'{ids}'") + ")")  # type: ignore[arg-type]

        assert error.sqlstate == sqlstate
        assert (error.message_primary or "").startswith(message)
    assert registered.requests == []


@pytest.mark.parametrize(
    "result",
    [
        {"distance_metric": "cosine", "vectors": []},
        {"distance_metric": "cosine", "vectors": [], "missing": "1"},
        {"distance_metric": "cosine", "missing": 0},
        {"distance_metric": "cosine", "missing": 0, "vectors": [{"vector_id": "a"}]},
    ],
)
def test_an_answer_that_is_no_ranking_is_malformed(
    db: Database, registered: StubLambda, result: dict[str, Any]
) -> None:
    """What the protocol promises has to be there."""
    registered.answers(result)

    assert db.error("select * from s3vl.rank_vectors('{1,2,3,4,5}', '{a}', 'docs')").sqlstate == "S3V04"


def test_time_that_runs_out_between_parts_is_an_error(db: Database, registered: StubLambda) -> None:
    """There is no answer that was cut."""
    db.rows("update s3vl.config set timeout_seconds = 1")
    registered.answers(ranking(("a", 0.1)), continuation={"position": 100}, seconds=1.1)

    error = db.error("select * from s3vl.rank_vectors('{1,2,3,4,5}', '{a,b}', 'docs')")

    assert (error.sqlstate, error.message_primary) == (
        "S3V05",
        "the time ran out before the call was complete",
    )
