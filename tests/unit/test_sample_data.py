"""The sample vectors do what the post says of them, with its own queries and products."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "sample-data"
VECTORS: dict[str, dict[str, Any]] = {
    vector["key"]: vector for vector in json.loads((FOLDER / "sample-vectors.json").read_text())
}
QUERIES = [
    [float(number) for number in numbers.split(",")]
    for numbers in re.findall(r"query_vector => ARRAY\[([-0-9., ]+)\]", (FOLDER / "queries.sql").read_text())
]
SIMILARITY, IDENTICAL, FILTERED, COMBINED = QUERIES
# key, category, price and stock of each product
PRODUCTS = {
    key: (category, float(price), in_stock == "true")
    for key, category, price, in_stock in re.findall(
        r"\('(vec_\d+)', '[^']*', '(\w+)', ([\d.]+), (true|false),", (FOLDER / "products.sql").read_text()
    )
}


def search(query: list[float], top_k: int, category: str | None = None) -> list[tuple[str, float]]:
    """Return the nearest vectors with their cosine similarity, by comparing with every one."""
    found = []
    for key, vector in VECTORS.items():
        if category in (None, vector["metadata"]["category"]):
            values = vector["data"]["float32"]
            product = sum(a * b for a, b in zip(query, values, strict=True))
            found.append((key, product / math.hypot(*query) / math.hypot(*values)))
    return sorted(found, key=lambda hit: -hit[1])[:top_k]


def test_the_generator_makes_the_file(tmp_path: Path) -> None:
    """sample-vectors.json is what generate-vectors.py writes, byte for byte."""
    made = tmp_path / "vectors.json"
    subprocess.run([sys.executable, FOLDER / "generate-vectors.py", "--output", made], check=True)

    assert (FOLDER / "sample-vectors.json").read_text() == made.read_text()


@pytest.mark.parametrize("name", ["products.sql", "queries.sql"])
def test_the_sql_has_no_space_that_psql_does_not_know(name: str) -> None:
    """The post, like other web pages, indents with no-break spaces; PostgreSQL takes them for names."""
    assert (FOLDER / name).read_text().isascii()


def test_there_are_fifty_vectors_with_category_and_id() -> None:
    """Keys run from vec_001 to vec_050; ids are texts without padding."""
    assert list(VECTORS) == [f"vec_{number:03}" for number in range(1, 51)]
    assert [vector["metadata"]["id"] for vector in VECTORS.values()] == [str(n) for n in range(1, 51)]
    assert {frozenset(vector["metadata"]) for vector in VECTORS.values()} == {frozenset({"category", "id"})}
    assert {frozenset(vector) for vector in VECTORS.values()} == {frozenset({"key", "data", "metadata"})}


@pytest.mark.parametrize("key", VECTORS)
def test_vectors_look_like_embeddings(key: str) -> None:
    """Each has 5 dimensions, at most 6 decimals and length 1."""
    values = VECTORS[key]["data"]["float32"]

    assert len(values) == 5
    assert [round(value, 6) for value in values] == values
    assert math.hypot(*values) == pytest.approx(1, abs=2e-6)


def test_the_vectors_of_the_queries_are_there() -> None:
    """vec_003 is the combined query's vector; vec_048 to vec_050 are the identical-vector query's."""
    assert VECTORS["vec_003"]["data"]["float32"] == COMBINED
    assert [VECTORS[key]["data"]["float32"] for key in ("vec_048", "vec_049", "vec_050")] == [IDENTICAL] * 3


def test_only_the_identical_vectors_are_identical() -> None:
    """No other vector occurs twice."""
    counts = Counter(tuple(vector["data"]["float32"]) for vector in VECTORS.values())

    assert [list(values) for values, count in counts.items() if count > 1] == [IDENTICAL]


def test_products_and_vectors_agree_about_categories() -> None:
    """Each of the twelve products has the category of its vector."""
    in_vectors = {key: VECTORS[key]["metadata"]["category"] for key in PRODUCTS}

    assert len(PRODUCTS) == 12
    assert {key: category for key, (category, _, _) in PRODUCTS.items()} == in_vectors


def test_the_identical_query_finds_the_three_at_similarity_one() -> None:
    """They come first, and nothing else is as near."""
    *identical, (_, fourth) = search(IDENTICAL, 4)

    assert sorted(key for key, _ in identical) == ["vec_048", "vec_049", "vec_050"]
    assert [similarity for _, similarity in identical] == pytest.approx([1, 1, 1], abs=1e-6)
    assert fourth < 0.99


def test_the_filter_leaves_enough_to_fill_the_answer() -> None:
    """Five vectors of category test answer the filtered query; without the filter others would."""
    filtered = [key for key, _ in search(FILTERED, 5, "test")]

    assert len(filtered) == 5
    assert {VECTORS[key]["metadata"]["category"] for key in filtered} == {"test"}
    assert {VECTORS[key]["metadata"]["category"] for key, _ in search(FILTERED, 50)} != {"test"}


def test_the_combined_query_finds_products() -> None:
    """At least three of the ten nearest are in stock under 500, and one product is filtered out."""
    nearest = [key for key, _ in search(COMBINED, 10) if key in PRODUCTS]
    wanted = [key for key in nearest if PRODUCTS[key][2] and PRODUCTS[key][1] < 500]

    assert len(wanted) >= 3
    assert len(wanted) < len(nearest)


@pytest.mark.parametrize(
    ("query", "top_k", "category"),
    [(SIMILARITY, 5, None), (IDENTICAL, 3, None), (FILTERED, 5, "test"), (COMBINED, 10, None)],
    ids=["similarity", "identical", "filtered", "combined"],
)
def test_no_tie_decides_who_is_in_the_answer(query: list[float], top_k: int, category: str | None) -> None:
    """The last vector of each answer is clearly nearer than the first that is left out."""
    *_, (_, last), (_, left_out) = search(query, top_k + 1, category)

    assert last - left_out > 1e-3
