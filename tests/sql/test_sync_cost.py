"""sync_cost: what was counted, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures_sql import ROOT

import estimate_cost  # type: ignore[import-not-found]  # isort: skip

if TYPE_CHECKING:
    from fixtures_sql import Database

COLUMNS = ("puts", "put_bytes", "billed_put_bytes", "deletes", "lambda_calls", "lambda_ms", "api_calls")


def use(db: Database, days_ago: int = 0, name: str = "d", **counts: Any) -> None:
    """Count something on a day."""
    db.rows(
        "insert into s3vl.sync_usage (day, binding_name, puts, put_bytes, billed_put_bytes, deletes, lambda_calls,"
        " lambda_ms, api_calls) values ((now() at time zone 'UTC')::date - %(days_ago)s::integer, %(name)s, %(puts)s,"
        " %(put_bytes)s, %(billed_put_bytes)s, %(deletes)s, %(lambda_calls)s, %(lambda_ms)s, %(api_calls)s)",
        days_ago=days_ago,
        name=name,
        **(dict.fromkeys(COLUMNS, 0) | counts),
    )


@pytest.mark.parametrize(
    ("counts", "price"),
    [
        ({"billed_put_bytes": 10 * 2**30}, "writes"),
        ({"lambda_calls": 10_000_000}, "Lambda requests"),
        ({"lambda_ms": 40_000_000}, "Lambda duration"),
    ],
)
def test_prices_are_those_of_the_cost_tool(db: Database, counts: dict[str, int], price: str) -> None:
    """Ten units of each cost what tools/estimate_cost.py says."""
    use(db, **counts)
    one = estimate_cost.PRICES[price]
    units = {"writes": 10 * 2**30, "Lambda requests": 10_000_000, "Lambda duration": 10_000}[price]

    assert float(db.value("select usd from s3vl.sync_cost()")) == pytest.approx(
        one.dollars * units / one.per, abs=1e-6
    )


def test_the_price_of_other_requests_is_that_of_the_page(db: Database) -> None:
    """Deletes, gets and lists cost what docs/cost.md says; a put costs its bytes."""
    use(db, puts=5, api_calls=1_005)

    assert (
        f"${db.value('select usd from s3vl.sync_cost()'):.3f} for 1,000 requests"
        in (ROOT / "docs/cost.md").read_text()
    )


@pytest.mark.parametrize(
    ("record_bytes", "vectors", "puts", "billed"),
    [
        (1_600, 1, 1, 128 * 1024),
        (1_600, 500, 1, 500 * 1_600),
        (1_600, 501, 2, 500 * 1_600 + 128 * 1024),
        (100, 1_200, 3, 3 * 128 * 1024),
        (6_200, 1_000, 2, 1_000 * 6_200),
    ],
)
def test_a_put_is_billed_as_128_kb_at_least(
    db: Database, record_bytes: int, vectors: int, puts: int, billed: int
) -> None:
    """Each request of up to 500 vectors by itself, as the cost tool counts them."""
    [usage] = db.rows(
        "select u.puts, u.put_bytes, u.billed_put_bytes from s3vl._put_usage(%(bytes)s, %(vectors)s) as u",
        bytes=record_bytes,
        vectors=vectors,
    )

    assert usage == {"puts": puts, "put_bytes": record_bytes * vectors, "billed_put_bytes": billed}
    assert estimate_cost._LEAST_BYTES_WRITTEN == 128 * 1024
    assert estimate_cost._BATCH == 500


def test_days_are_added_up(db: Database) -> None:
    """For as many days as asked for, with today; also those of a binding that has ended."""
    use(db, 0, puts=1)
    use(db, 1, puts=2)
    use(db, 29, puts=4)
    use(db, 30, puts=8)
    use(db, 3, name="ended", deletes=3)

    assert db.rows("select binding_name, puts, deletes from s3vl.sync_cost()") == [
        {"binding_name": "d", "puts": 7, "deletes": 0},
        {"binding_name": "ended", "puts": 0, "deletes": 3},
    ]
    assert db.rows("select puts from s3vl.sync_cost(1)") == [{"puts": 1}]
    assert db.error("select * from s3vl.sync_cost(0)").sqlstate == "22023"
