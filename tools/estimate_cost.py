"""Estimate what a month of s3vl costs, without Aurora itself: docs/cost.md explains the tables."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

# mypy does not look for modules in tools/.
from pgvector_size import MOST_DIMENSIONS, hnsw_bytes, table_bytes  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KB, GB, TB = 2**10, 2**30, 2**40


@dataclass(frozen=True)
class Price:
    """US dollars for `per` units, in us-east-1 and us-west-2."""

    dollars: float
    per: float
    unit: str
    source: str
    date: str


_S3 = ("https://aws.amazon.com/s3/pricing/", "2026-10-04")
# What others quoted on that day.
_LAMBDA = ("https://aws.amazon.com/lambda/pricing/", "quoted 2026-05-11")
# Known for years, and not read again for this project.
_VPC = ("https://aws.amazon.com/vpc/pricing/", "not read again")
_PRIVATELINK = ("https://aws.amazon.com/privatelink/pricing/", "not read again")
_AURORA_STORAGE = ("https://aws.amazon.com/rds/aurora/pricing/", "quoted 2026-05-10")
_AURORA_IO = ("https://aws.amazon.com/rds/aurora/pricing/", "quoted 2026-06")
_LOGS = ("https://aws.amazon.com/cloudwatch/pricing/", "not read again")

PRICES = {
    "storage": Price(0.06, GB, "GB-month", *_S3),
    "writes": Price(0.20, GB, "GB", *_S3),
    "query requests": Price(2.50, 1e6, "million requests", *_S3),
    "searched, first 100,000 vectors": Price(0.004, TB, "TB", *_S3),
    "searched, to 10 million vectors": Price(0.002, TB, "TB", *_S3),
    "searched, beyond": Price(0.0004, TB, "TB", *_S3),
    "returned": Price(0.01, GB, "GB", *_S3),
    "Lambda requests": Price(0.20, 1e6, "million requests", *_LAMBDA),
    "Lambda duration": Price(0.0000133334, 1, "GB-second", *_LAMBDA),
    "logs": Price(0.50, GB, "GB", *_LOGS),
    "NAT gateways": Price(0.045, 1, "hour", *_VPC),
    "interface endpoints": Price(0.01, 1, "hour", *_PRIVATELINK),
}

# The same vectors in pgvector. AWS's post on S3 Vectors and Aurora gives the price of storage, others that of I/O.
AURORA_PRICES = {
    "storage of the table": Price(0.10, GB, "GB-month", *_AURORA_STORAGE),
    "storage of the HNSW index": Price(0.10, GB, "GB-month", *_AURORA_STORAGE),
    "I/O requests": Price(0.20, 1e6, "million requests", *_AURORA_IO),
}
# The user's own: what the cluster pays for memory.
_MEMORY = "memory for the HNSW index"

# How S3 Vectors counts, from the same page as its prices.
_LEAST_BYTES_WRITTEN = 128 * KB
_LEAST_BYTES_RETURNED = 256
_FREE_BYTES_RETURNED = 512 * KB
_MOST_BYTES_FILTERABLE = 2048
_TIERS = (100_000, 10_000_000)
# What an index holds.
_MOST_VECTORS = 2_000_000_000

# How s3vl calls.
_PAGE = 100
_BATCH = 500  # vectors in a PutVectors request, at most
# Assumed: S3 Vectors answers an index in use in about 100 ms, and the function takes some for itself.
_SECONDS_PER_REQUEST = 0.15
_LAMBDA_GB = 0.25
_LOG_BYTES = 1 * KB
_HOURS = 730


@dataclass(frozen=True)
class Workload:
    """What is stored, and what is done with it in a month. Vectors are spread evenly over the indexes."""

    vectors: int
    dimension: int
    indexes: int
    key_bytes: int
    metadata_bytes: int
    filterable_bytes: int
    queries: int
    top_k: int
    writes: int
    vectors_per_write: int
    nat_gateways: int
    endpoints: int
    pgvector: bool
    io_requests: int
    memory_price: float


def quantities(work: Workload) -> dict[str, float]:
    """Return how much of what has a price the workload uses, in single bytes, requests, seconds and hours."""
    searchable_bytes = 4 * work.dimension + work.key_bytes + work.filterable_bytes
    stored_bytes = 4 * work.dimension + work.key_bytes + work.metadata_bytes
    # AWS does not say whether a further page is charged like a query: it is counted as one.
    requests = work.queries * -(-work.top_k // _PAGE)
    returned = work.top_k * max(_LEAST_BYTES_RETURNED, work.key_bytes + work.metadata_bytes)
    puts = -(-work.writes // work.vectors_per_write)
    written = max(work.writes * stored_bytes, puts * _LEAST_BYTES_WRITTEN)
    calls = work.queries + puts
    near, middle, far = _tiers(work.vectors / work.indexes)
    return {
        "storage": work.vectors * stored_bytes,
        "writes": written,
        "query requests": requests,
        "searched, first 100,000 vectors": requests * near * searchable_bytes,
        "searched, to 10 million vectors": requests * middle * searchable_bytes,
        "searched, beyond": requests * far * searchable_bytes,
        "returned": work.queries * max(0, returned - _FREE_BYTES_RETURNED),
        "Lambda requests": calls,
        "Lambda duration": (requests + puts) * _SECONDS_PER_REQUEST * _LAMBDA_GB,
        "logs": calls * _LOG_BYTES,
        "NAT gateways": work.nat_gateways * _HOURS,
        "interface endpoints": work.endpoints * _HOURS,
    }


def _tiers(vectors: float) -> tuple[float, float, float]:
    """Return how many of an index's vectors are searched at each of the three prices."""
    first, second = _TIERS
    return min(vectors, first), max(0, min(vectors, second) - first), max(0, vectors - second)


def pgvector_quantities(work: Workload) -> dict[str, float]:
    """Return what the same vectors use as a table with pgvector in Aurora: in single bytes and requests."""
    row = table_bytes(work.dimension, work.key_bytes, work.metadata_bytes)
    return {
        "storage of the table": work.vectors * row,
        "storage of the HNSW index": work.vectors * hnsw_bytes(work.dimension),
        "I/O requests": work.io_requests,
    }


def costs(work: Workload) -> dict[str, float]:
    """Return the dollars of a month by what they are for."""
    return _dollars(quantities(work), PRICES)


def pgvector_costs(work: Workload) -> dict[str, float]:
    """Return the dollars of a month for the same vectors in pgvector, with their part of the instance's memory."""
    prices = AURORA_PRICES | _memory_price(work)
    return _dollars(_pgvector_with_memory(work), prices)


def table(work: Workload) -> str:
    """Return the costs as lines of text, and on request those of pgvector below; the last line has the total."""
    parts = [_lines("what", quantities(work), PRICES)]
    if work.pgvector:
        prices = AURORA_PRICES | _memory_price(work)
        parts.append(_lines("the same in pgvector", _pgvector_with_memory(work), prices))
    return "\n\n".join(parts)


def _pgvector_with_memory(work: Workload) -> dict[str, float]:
    used = pgvector_quantities(work)
    return used | {_MEMORY: used["storage of the HNSW index"]}


def _memory_price(work: Workload) -> dict[str, Price]:
    return {_MEMORY: Price(work.memory_price, GB, "GB-month", "", "")}


def _dollars(used: Mapping[str, float], prices: Mapping[str, Price]) -> dict[str, float]:
    return {name: amount / prices[name].per * prices[name].dollars for name, amount in used.items()}


def _lines(heading: str, used: Mapping[str, float], prices: Mapping[str, Price]) -> str:
    dollars = _dollars(used, prices)
    lines = [f"{heading:<32} {'quantity':>12} {'unit':<17} {'price':>12} {'USD a month':>12}"]
    for name, amount in used.items():
        price = prices[name]
        lines.append(
            f"{name:<32} {amount / price.per:>12,.2f} {price.unit:<17} "
            f"{price.dollars:>12.10g} {dollars[name]:>12,.2f}"
        )
    lines.append(f"{'total':<32} {'':>12} {'':<17} {'':>12} {sum(dollars.values()):>12,.2f}")
    return "\n".join(lines)


def price_list() -> str:
    """Return the prices as a table for a page, with their sources."""
    named = PRICES | {f"Aurora: {name}": price for name, price in AURORA_PRICES.items()}
    rows = [
        f"| {name} | {price.dollars:.10g} / {price.unit} | [{price.date}]({price.source}) |"
        for name, price in named.items()
    ]
    return "\n".join(("| what | USD | read |", "|---|---|---|", *rows))


def _number(least: int, most: int = 10**15) -> Callable[[str], int]:
    """Return what reads a whole number within limits; digits may be grouped with underscores."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return value

    return read


def _price(text: str) -> float:
    """Read a price of 0 dollars or more."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a price: a number from 0")
    return value


def workload(arguments: Sequence[str] | None = None) -> Workload:
    """Return what the options describe; what S3 Vectors would not take is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--vectors", type=_number(1), required=True, help="vectors in all indexes together")
    add("--dimension", type=_number(1, 4096), required=True)
    add("--indexes", type=_number(1), default=1, help="each query searches one of them (1)")
    add("--key-bytes", type=_number(1, 1024), default=36, help="of one vector's id (36, a UUID)")
    add("--metadata-bytes", type=_number(0, 40_960), default=0, help="of one vector (0)")
    add("--filterable-bytes", type=_number(0, _MOST_BYTES_FILTERABLE), help="of those, filterable (all)")
    add("--queries", type=_number(0), default=0, help="a month (0)")
    add("--top-k", type=_number(1, 10_000), default=10, help="results of a query (10)")
    add("--writes", type=_number(0), default=0, help="vectors written a month (0)")
    add("--vectors-per-write", type=_number(1, _BATCH), default=_BATCH, help=f"of one call ({_BATCH})")
    add("--nat-gateways", type=_number(0), default=0, help="that run only for s3vl (0)")
    add("--endpoints", type=_number(0), default=0, help="interface endpoints times their subnets (0)")
    add("--pgvector", action="store_true", help="show what the same vectors cost in Aurora's storage too")
    add("--io-requests", type=_number(0), default=0, help="of Aurora for them, a month (0)")
    add("--memory-price", type=_price, default=0.0, help="USD for a GB of your instances' memory a month (0)")
    options = parser.parse_args(arguments)
    if options.filterable_bytes is None:
        if options.metadata_bytes > _MOST_BYTES_FILTERABLE:
            parser.error(
                f"--metadata-bytes {options.metadata_bytes}: at most {_MOST_BYTES_FILTERABLE} can be "
                "filterable; say how many are with --filterable-bytes"
            )
        options.filterable_bytes = options.metadata_bytes
    if options.filterable_bytes > options.metadata_bytes:
        parser.error(
            f"--filterable-bytes {options.filterable_bytes} are a part of "
            f"--metadata-bytes {options.metadata_bytes}, and cannot be more"
        )
    if options.pgvector and options.dimension > MOST_DIMENSIONS:
        parser.error(
            f"--dimension {options.dimension}: an HNSW index of pgvector takes at most {MOST_DIMENSIONS}; "
            "leave --pgvector out"
        )
    if not options.pgvector and (options.io_requests or options.memory_price):
        parser.error("--io-requests and --memory-price are about pgvector; add --pgvector")
    if options.vectors > options.indexes * _MOST_VECTORS:
        parser.error(
            f"--vectors {options.vectors}: an index holds at most {_MOST_VECTORS}; "
            f"spread them with --indexes {-(-options.vectors // _MOST_VECTORS)}"
        )
    return Workload(**vars(options))


if __name__ == "__main__":
    print(table(workload()))
