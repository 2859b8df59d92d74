"""Draw docs/cost/by-vectors.svg, what a month costs by the number of vectors: `make plots`."""

from __future__ import annotations

import json
from pathlib import Path

# mypy does not look for modules in tools/.
from estimate_cost import costs, pgvector_costs, workload  # type: ignore[import-not-found]

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "cost" / "by-vectors.svg"
VECTORS = (
    100_000,
    300_000,
    1_000_000,
    3_000_000,
    10_000_000,
    30_000_000,
    100_000_000,
    300_000_000,
    1_000_000_000,
)
QUERIES = (100_000, 10_000_000)
# Embeddings of a common model, each with a few keys to filter by; one in a hundred is written anew in a month.
_OF_ONE = "--dimension 1024 --metadata-bytes 400 --filterable-bytes 100"
_OF_AN_INDEX = 250_000
# Assumed, in dollars for a GB a month: about what memory-optimized instances cost on demand.
MEMORY_PRICE = 12


def curves(queries: int) -> dict[str, list[float]]:
    """Return the dollars of a month for each number of vectors, by what they pay for."""
    drawn: dict[str, list[float]] = {
        "s3vl, one index": [],
        f"s3vl, a query searches one of many indexes of {_OF_AN_INDEX:,}": [],
        "pgvector, storage alone": [],
        f"pgvector, storage and memory for HNSW (${MEMORY_PRICE} a GB)": [],
    }
    one, many, stored, in_memory = drawn.values()
    for vectors in VECTORS:
        used = f"--vectors {vectors} --queries {queries} --writes {vectors // 100} {_OF_ONE}"
        one.append(_dollars(costs(workload(used.split()))))
        split = f"{used} --indexes {-(-vectors // _OF_AN_INDEX)}"
        many.append(_dollars(costs(workload(split.split()))))
        for curve, price in ((stored, 0), (in_memory, MEMORY_PRICE)):
            aurora = f"{used} --pgvector --memory-price {price}"
            curve.append(_dollars(pgvector_costs(workload(aurora.split()))))
    return drawn


def numbers() -> str:
    """Return what the picture shows, as text that is kept in it."""
    return json.dumps({queries: curves(queries) for queries in QUERIES})


def _dollars(of_what: dict[str, float]) -> float:
    return round(sum(of_what.values()), 2)


def draw() -> None:
    """Draw the picture."""
    # Here: matplotlib is in a group of its own, and the numbers above need none.
    from matplotlib.figure import Figure  # noqa: PLC0415

    from bench.plots import plain_numbers, save  # noqa: PLC0415

    figure = Figure(figsize=(9, 4.6), layout="constrained")
    panels = figure.subplots(1, len(QUERIES), sharey=True)
    for axes, queries in zip(panels, QUERIES, strict=True):
        for name, dollars in curves(queries).items():
            line = "--" if name.startswith("pgvector") else "-"
            axes.loglog(VECTORS, dollars, line, marker="o", markersize=3, label=name)
        axes.set(xlabel="vectors", title=f"{queries:,} queries a month")
        plain_numbers(axes)
    panels[0].set_ylabel("USD a month")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    PICTURE.parent.mkdir(exist_ok=True)
    save(figure, PICTURE, numbers())


if __name__ == "__main__":
    draw()
