"""The pictures of docs/ show the numbers of today, and can be read anywhere."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

import plot_costs
from bench.filtered.report import drawn
from bench.report import results
from fixtures_sql import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = [plot_costs.PICTURE, *sorted((ROOT / "docs/performance").glob("*.svg"))]


def test_the_curves_of_cost_are_of_the_prices_now() -> None:
    """The picture keeps its numbers as text; they are those that the estimate gives."""
    assert _kept(plot_costs.PICTURE) == json.loads(plot_costs.numbers()), "type: make plots"


@pytest.mark.parametrize("name", ["filtered", "filtered-cost"])
def test_the_curves_of_searches_under_a_predicate_are_those_of_the_results(name: str) -> None:
    """The pictures and the tables of docs/performance.md are of the same run."""
    numbers = json.loads(json.dumps(drawn(results("filtered"))))

    assert _kept(ROOT / f"docs/performance/{name}.svg") == numbers, "type: make plots"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_pictures_are_legible_on_dark_and_light_pages(picture: object) -> None:
    """They bring a white ground under their dark letters, and axes have plain numbers: no powers of ten."""
    text = picture.read_text()  # type: ignore[attr-defined]
    first = ET.fromstring(text).find(".//{http://www.w3.org/2000/svg}path")  # noqa: S314 - ours

    assert first is not None
    assert first.get("style") == "fill: #ffffff"
    assert "10^" not in text


def _kept(picture: Path) -> object:
    """Return the numbers that a picture keeps."""
    kept = re.search(r"<dc:description>(.+)</dc:description>", picture.read_text())
    assert kept is not None
    return json.loads(kept[1].replace("&quot;", '"'))
