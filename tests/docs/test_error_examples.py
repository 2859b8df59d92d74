"""The examples of docs/errors.md do what the page says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

PAGE = (ROOT / "docs/errors.md").read_text()
VECTOR = [0.1, 0.2, 0.3, 0.4, 0.5]


def example(language: str) -> str:
    """Return the only example on the page in a language."""
    [source] = re.findall(rf"^```{language}\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return source


@pytest.fixture
def nearest_in_plpgsql(db: Database) -> Callable[[], list[dict[str, Any]]]:
    """Create the function of the PL/pgSQL example, and return what calls it."""
    db.connection.execute(example("sql"))
    return lambda: db.rows("select * from nearest_if_possible(%(vector)s)", vector=VECTOR)


@pytest.fixture
def nearest_in_python(db: Database) -> Callable[[], list[dict[str, Any]]]:
    """Define the function of the psycopg example, and return what calls it."""
    names: dict[str, Any] = {}
    exec(example("python"), names)  # noqa: S102
    return lambda: names["nearest_if_possible"](db.connection, VECTOR)


@pytest.fixture(params=["nearest_in_plpgsql", "nearest_in_python"])
def nearest(request: pytest.FixtureRequest) -> Callable[[], list[dict[str, Any]]]:
    """Give the examples, one after the other."""
    return request.getfixturevalue(request.param)


def test_the_example_searches(registered: StubLambda, nearest: Callable[[], list[dict[str, Any]]]) -> None:
    """Without an error it gives what was found."""
    registered.answers(
        {"distance_metric": "cosine", "vectors": [{"vector_id": "a", "distance": 0.25, "metadata": {}}]}
    )

    assert nearest() == [{"vector_id": "a", "distance": 0.25}]


@pytest.mark.parametrize("code", ["throttled", "service_failure"])
def test_the_example_catches_what_passes(
    registered: StubLambda, nearest: Callable[[], list[dict[str, Any]]], code: str
) -> None:
    """A busy service gives no rows, and no error."""
    registered.answers_failure(code)

    assert nearest() == []


def test_the_example_lets_other_errors_through(
    registered: StubLambda, nearest: Callable[[], list[dict[str, Any]]]
) -> None:
    """An error that lasts is not taken for an empty answer."""
    registered.answers_failure("access_denied")

    with pytest.raises(psycopg.Error) as caught:
        nearest()

    assert caught.value.sqlstate == "S3V02"


def test_the_plpgsql_example_warns(
    db: Database, registered: StubLambda, nearest_in_plpgsql: Callable[[], list[dict[str, Any]]]
) -> None:
    """Who gets no rows is told why."""
    registered.answers_failure("throttled")

    nearest_in_plpgsql()

    assert [warning.message for warning in db.warnings] == [
        "no search results: S3 Vectors throttled the request: the reason"
    ]


def test_the_psycopg_example_leaves_a_connection_that_works(
    db: Database, registered: StubLambda, nearest_in_python: Callable[[], list[dict[str, Any]]]
) -> None:
    """The caught error does not end the transaction around it."""
    registered.answers_failure("throttled")

    nearest_in_python()

    assert db.value("select 1") == 1
