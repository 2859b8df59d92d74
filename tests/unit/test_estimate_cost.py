"""The cost estimate counts as AWS does, and refuses what cannot be."""

from __future__ import annotations

import pytest

import estimate_cost
from estimate_cost import costs, pgvector_costs, quantities, workload

SMALL = ("--vectors", "1000", "--dimension", "4")
OF_S3_VECTORS = list(estimate_cost.PRICES)[:7]


def test_the_example_of_aws_costs_what_aws_says() -> None:
    """10 million vectors in 40 indexes, a sixth rewritten, a million queries: $11.38 for S3 Vectors.

    AWS's own page was not read: the total and the first two figures are quoted by others, the rest is assumed.
    """
    stored = "--vectors 10_000_000 --indexes 40 --dimension 1024 --key-bytes 174"
    metadata = "--metadata-bytes 2048 --filterable-bytes 1024"
    used = "--queries 1_000_000 --writes 1_670_000"
    work = workload(f"{stored} {metadata} {used}".split())

    dollars = costs(work)

    # AWS rounds on the way.
    assert sum(dollars[name] for name in OF_S3_VECTORS) == pytest.approx(11.38, abs=0.02)


def test_everything_with_a_price_is_counted() -> None:
    """Quantities and prices have the same names."""
    assert list(quantities(workload(SMALL))) == list(estimate_cost.PRICES)


@pytest.mark.parametrize(
    ("options", "name", "quantity"),
    [
        ("--key-bytes 10", "storage", 1000 * 26),
        ("--key-bytes 10 --metadata-bytes 100", "storage", 1000 * 126),
        ("--writes 501", "writes", 2 * 131_072),
        ("--writes 501 --vectors-per-write 1", "writes", 501 * 131_072),
        ("--writes 501 --vectors-per-write 100", "Lambda requests", 6),
        ("--writes 500_000 --metadata-bytes 1000", "writes", 500_000 * 1052),
        ("--queries 3 --top-k 100", "query requests", 3),
        ("--queries 3 --top-k 101", "query requests", 6),
        (
            "--queries 2 --key-bytes 10 --metadata-bytes 50 --filterable-bytes 5",
            "searched, first 100,000 vectors",
            2 * 1000 * 31,
        ),
        (
            "--queries 1 --vectors 30_000_000 --key-bytes 4",
            "searched, first 100,000 vectors",
            100_000 * 20,
        ),
        (
            "--queries 1 --vectors 30_000_000 --key-bytes 4",
            "searched, to 10 million vectors",
            9_900_000 * 20,
        ),
        ("--queries 1 --vectors 30_000_000 --key-bytes 4", "searched, beyond", 20_000_000 * 20),
        (
            "--queries 1 --vectors 30_000_000 --key-bytes 4 --indexes 3",
            "searched, beyond",
            0,
        ),
        ("--queries 1 --top-k 2048", "returned", 0),
        ("--queries 2 --top-k 2049", "returned", 2 * 256),
        ("--queries 3 --top-k 101 --writes 501", "Lambda requests", 5),
        ("--queries 8 --top-k 101 --writes 501", "Lambda duration", 18 * 0.15 * 0.25),
        ("--nat-gateways 2", "NAT gateways", 1460),
        ("--endpoints 3", "interface endpoints", 2190),
    ],
)
def test_quantities(options: str, name: str, quantity: float) -> None:
    """Each is counted by its own rule: least sizes, pages of 100, batches of 500, tiers per index."""
    assert quantities(workload([*SMALL, *options.split()]))[name] == pytest.approx(quantity)


def test_pgvector_is_charged_for_storage_io_and_memory() -> None:
    """Storage and I/O have AWS's prices, memory the user's, for as much as the HNSW index takes."""
    options = "--vectors 1_048_576 --pgvector --io-requests 5_000_000 --memory-price 12"
    dollars = pgvector_costs(workload([*SMALL, *options.split(), "--dimension", "1024"]))

    # A page of 8 KB for each vector.
    assert dollars["storage of the HNSW index"] == pytest.approx(0.10 * 8)
    assert dollars["memory for the HNSW index"] == pytest.approx(12 * 8)
    assert dollars["I/O requests"] == pytest.approx(1)
    assert dollars["storage of the table"] == pytest.approx(0.10 * 5.6, rel=0.02)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--dimension 4097", "--dimension: '4097' is not a whole number from 1 to 4096"),
        ("--vectors many", "--vectors: 'many' is not a whole number from 1 to 1000000000000000"),
        ("--queries nan", "--queries: 'nan' is not a whole number from 0 to 1000000000000000"),
        ("--writes -1", "--writes: '-1' is not a whole number from 0 to 1000000000000000"),
        ("--queries 1" + 400 * "0", "0' is not a whole number from 0 to 1000000000000000"),
        (
            "--vectors 4_000_000_001 --indexes 2",
            "--vectors 4000000001: an index holds at most 2000000000; spread them with --indexes 3",
        ),
        ("--top-k 0", "--top-k: '0' is not a whole number from 1 to 10000"),
        ("--metadata-bytes 3000", "--metadata-bytes 3000: at most 2048 can be filterable; say how many"),
        ("--vectors-per-write 501", "--vectors-per-write: '501' is not a whole number from 1 to 500"),
        ("--pgvector --dimension 4096", "--dimension 4096: an HNSW index of pgvector takes at most 4000"),
        ("--pgvector --memory-price nan", "--memory-price: 'nan' is not a price: a number from 0"),
        ("--pgvector --memory-price -1", "--memory-price: '-1' is not a price: a number from 0"),
        ("--memory-price 12", "--io-requests and --memory-price are about pgvector; add --pgvector"),
        ("--filterable-bytes 1", "--filterable-bytes 1 are a part of --metadata-bytes 0"),
    ],
)
def test_what_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], options: str, said: str) -> None:
    """The error has the value, and what is possible."""
    with pytest.raises(SystemExit):
        workload([*SMALL, *options.split()])

    assert said in capsys.readouterr().err
