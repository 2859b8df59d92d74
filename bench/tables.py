"""How figures are shown: Markdown tables, and what too few runs do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# With fewer, the slowest run alone decides what p95 is.
RUNS_FOR_P95 = 20


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table; all columns but the first hold numbers."""
    names = list(headings)
    lines = [names, ["---", *["--:"] * (len(names) - 1)], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
