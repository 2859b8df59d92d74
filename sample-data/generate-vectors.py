"""Makes sample-vectors.json: 50 vectors of 5 dimensions, in the form that `aws s3vectors put-vectors` takes.

The same vectors come out on every machine and Python version. Those that the queries and the product table
speak of are fixed; the others lie around the direction of their category.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

COUNT = 50
SEED = 15
# How far a vector may lie from its category's direction, per dimension.
SPREAD = 0.8

# Every category points somewhere; all but example point where one of the queries in queries.sql looks.
DIRECTIONS = {
    "example": [0.64, 0.32, -0.4, 0.51, 0.25],
    "demo": [-0.392024, 0.229378, 0.582031, 0.382919, -0.555263],
    "sample": [0.23, -0.41, 0.88, 0.0, 0.03],
    "test": [0.13, 0.27, 0.4, 0.54, 0.67],
    "identical": [-0.116703, 0.325043, 0.578032, 0.739321, -0.003246],
}
CYCLE = ["example", "demo", "sample", "test"]
# The numbers with a row in products.sql, whose category must agree.
CATEGORY_OF = {
    **dict.fromkeys([1, 2], "example"),
    **dict.fromkeys([3, 12, 15], "demo"),
    **dict.fromkeys([5, 7], "sample"),
    **dict.fromkeys([6, 9], "test"),
    **dict.fromkeys([48, 49, 50], "identical"),
}
# Exactly the direction of their category: a query with it finds them at similarity 1.
EXACT = [3, 48, 49, 50]


def make_vectors() -> list[dict[str, object]]:
    """Return all vectors, in the order of their keys."""
    # random() is the one method whose sequence Python promises to keep.
    chance = random.Random(SEED).random  # noqa: S311 - sample data, not secrets
    return [
        make_vector(number, [SPREAD * (2 * chance() - 1) for _ in range(5)]) for number in range(1, COUNT + 1)
    ]


def make_vector(number: int, offset: list[float]) -> dict[str, object]:
    """Return one vector; the offset is what sets it apart from its category's direction."""
    category = CATEGORY_OF.get(number, CYCLE[number % len(CYCLE)])
    direction = DIRECTIONS[category]
    values = (
        direction if number in EXACT else unit_length([a + b for a, b in zip(direction, offset, strict=True)])
    )
    return {
        "key": f"vec_{number:03}",
        "data": {"float32": values},
        "metadata": {"category": category, "id": str(number)},
    }


def unit_length(values: list[float]) -> list[float]:
    """Scale to length 1, as embedding models do."""
    length = math.hypot(*values)
    return [round(value / length, 6) for value in values]


def main() -> None:
    """Write the file, one vector a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("sample-vectors.json"))
    output: Path = parser.parse_args().output
    lines = ",\n".join(json.dumps(vector) for vector in make_vectors())
    output.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"Wrote {COUNT} vectors to {output}.")


if __name__ == "__main__":
    main()
