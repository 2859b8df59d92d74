"""The front door: the README, its picture, and the list of verbs."""

from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree as ET

from fixtures_sql import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs" / "architecture.svg"


def colours(rules: str) -> set[tuple[str, str]]:
    """Return which selector sets which colour."""
    return {
        (selector, name)
        for selector, body in re.findall(r"([.\w]+) \{([^}]*)\}", rules)
        for name, value in re.findall(r"(fill|stroke): (\S+?);", body)
        if value != "none"
    }


def test_the_readme_is_short() -> None:
    """Whoever opens it reads it: under 200 lines, with the product's SQL in the first screen."""
    assert len(README.splitlines()) < 200
    assert "```sql\nSELECT" in "\n".join(README.splitlines()[:12])


def test_the_readme_says_what_was_never_run() -> None:
    """Nobody has to find out by himself that nothing of this has been run on AWS."""
    assert "Not run on AWS yet" in README


def test_the_picture_has_all_its_colours_in_the_dark_too() -> None:
    """Each colour of the light picture has one for dark pages, the page itself included."""
    style = ET.parse(PICTURE).getroot().findtext("{http://www.w3.org/2000/svg}style", "")  # noqa: S314 - ours
    light, dark = style.split("@media (prefers-color-scheme: dark) {")

    assert (".page", "fill") in colours(light)
    assert colours(dark) == colours(light)


def test_make_help_has_every_verb_in_a_group_and_fits_a_terminal() -> None:
    """Three groups, in the order in which somebody new needs them; no verb is hidden."""
    shown = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert phony
    assert re.findall(r"^\S.*$", shown, re.MULTILINE) == [
        "Try it here, with no AWS account",
        "Deploy",
        "Develop",
    ]
    assert sorted(re.findall(r"^  make (\S+)", shown, re.MULTILINE)) == sorted(phony[1].split())
    assert max(map(len, shown.splitlines())) <= 80
