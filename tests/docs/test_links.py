"""Every link of the documentation leads somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def prose(page: Path) -> str:
    """Return a page without its code blocks, whose comments are no headings."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    """A link inside of the project names a file that exists, and a heading that the file has."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_the_readme_leads_to_every_page() -> None:
    """Whoever has read it knows of each page in docs/."""
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", (ROOT / "README.md").read_text()))

    assert linked >= {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}


def test_anchors_are_as_github_makes_them(tmp_path: Path) -> None:
    """Lower case, hyphens for spaces, no punctuation; what looks like a heading in code is none."""
    page = tmp_path / "page.md"
    page.write_text("# Where do I add …\n\n```bash\n# a comment\n```\n\n### `query_vectors`, by id\n")

    assert anchors(page) == {"where-do-i-add-", "query_vectors-by-id"}
