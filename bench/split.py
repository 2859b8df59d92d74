"""Where the time of one search with s3vl goes: client, SQL, wire, runtime, handler, service.

    service   the request that boto3 sends, sent again as bare HTTPS
    handler   what the function says of itself (execution_time_ms), less the service
    wire      a dry run of an invocation of the same size: from SQL to the Lambda service, and no further
    runtime   an invocation of an empty function that gets and answers as much, less the wire
    SQL       what last_call() says of the whole, less all of the above
    client    what the caller waited, less what last_call() says

All are measured in each round. The function tells whole milliseconds, so the parts are means and not medians.
"""

from __future__ import annotations

import json
import time
from http.client import HTTPSConnection
from ssl import create_default_context
from statistics import fmean
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench import contenders
from bench.sampling import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from bench.contenders import Search
    from bench.stage import Stage

PARTS = ("client", "SQL", "wire", "runtime", "handler", "service")


def measure(stage: Stage, search: Search, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the milliseconds of each part; the search is to have one page."""
    connection = stage.connect()
    find = contenders.s3vl(stage, search, connection)
    find()
    _, _, answer_bytes = _last_call(connection)
    dry, empty = (_invocation(stage, connection, search, answer_bytes, dry_run) for dry_run in (True, False))
    service = _bare_request(stage, search)
    empty()
    samples: list[dict[str, float]] = []
    started = time.monotonic()
    while len(samples) < rounds and time.monotonic() < started + seconds:
        waited = milliseconds(find)
        total, in_lambda, _ = _last_call(connection)
        samples.append(
            {
                "waited": waited,
                "total": total,
                "lambda": in_lambda,
                "dry": dry(),
                "empty": empty(),
                "service": milliseconds(service),
            }
        )
    mean = {name: fmean(sample[name] for sample in samples) for name in samples[0]}
    parts = {
        "client": mean["waited"] - mean["total"],
        "SQL": mean["total"] - mean["lambda"] - mean["empty"],
        "wire": mean["dry"],
        "runtime": mean["empty"] - mean["dry"],
        "handler": mean["lambda"] - mean["service"],
        "service": mean["service"],
    }
    return {
        "dimension": search.index.dimension,
        "top_k": search.top_k,
        "parts_ms": {name: round(parts[name], 2) for name in PARTS},
        "runs": len(samples),
    }


def _last_call(connection: psycopg.Connection[Any]) -> tuple[float, float, int]:
    row = connection.execute("select total_ms, lambda_ms, bytes_in from s3vl.last_call()").fetchone()
    assert row is not None  # noqa: S101 - the call before it has succeeded
    return row[0], row[1], row[2]


def _invocation(
    stage: Stage, connection: psycopg.Connection[Any], search: Search, answer_characters: int, dry_run: bool
) -> Callable[[], float]:
    """Return a call that invokes the empty function, and returns what that took the database."""
    event = {"query_vector": next(search.queries()), "answer_characters": answer_characters}
    arguments = [stage.empty_arn, json.dumps(event), "DryRun" if dry_run else "RequestResponse"]

    def call() -> float:
        row = connection.execute("select empty.invocation_ms(%s, %s, %s)", arguments).fetchone()
        assert row is not None  # noqa: S101 - a function without from gives one row
        return float(row[0])

    return call


def _bare_request(stage: Stage, search: Search) -> Callable[[], None]:
    """Return a call that sends again what boto3 has sent once, on a kept connection and without boto3."""
    sent: list[Any] = []

    # botocore takes an answer of a handler for that of the service, so this one has none.
    def keep(request: Any, **_: Any) -> None:
        sent.append(request)

    events = stage.s3vectors.meta.events
    events.register("before-send.s3vectors", keep)
    contenders.direct(stage, search)()
    events.unregister("before-send.s3vectors", keep)
    [request] = sent
    url = urlsplit(request.url)
    certificates = create_default_context(cafile=str(stage.front.ca_bundle))
    connection = HTTPSConnection(url.netloc, context=certificates)
    headers = {name: _text(value) for name, value in request.headers.items()}

    def call() -> None:
        connection.request("POST", url.path, request.body, headers)
        connection.getresponse().read()

    return call


def _text(header: str | bytes) -> str:
    return header if isinstance(header, str) else header.decode()
