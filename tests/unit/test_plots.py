"""The pictures of docs/ show the numbers of today, and can be read anywhere."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

import plot_costs
from fixtures_sql import ROOT

PICTURES = [plot_costs.PICTURE, *sorted((ROOT / "docs/performance").glob("*.svg"))]


def test_the_curves_of_cost_are_of_the_prices_now() -> None:
    """The picture keeps its numbers as text; they are those that the estimate gives."""
    kept = re.search(r"<dc:description>(.+)</dc:description>", plot_costs.PICTURE.read_text())

    assert kept is not None
    assert json.loads(kept[1].replace("&quot;", '"')) == json.loads(plot_costs.numbers()), "type: make plots"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_pictures_are_legible_on_dark_and_light_pages(picture: object) -> None:
    """They bring a white ground under their dark letters, and axes have plain numbers: no powers of ten."""
    text = picture.read_text()  # type: ignore[attr-defined]
    first = ET.fromstring(text).find(".//{http://www.w3.org/2000/svg}path")  # noqa: S314 - ours

    assert first is not None
    assert first.get("style") == "fill: #ffffff"
    assert "10^" not in text
