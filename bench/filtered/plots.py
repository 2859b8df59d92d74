"""Draws rows, recall and cost against how few rows pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from bench.filtered.measure import FIXED, OURS, PGVECTOR, SERVICE
from bench.filtered.report import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = dict(zip((OURS, *FIXED, SERVICE, PGVECTOR), ("C1", "C0", "C9", "C2", "C3", "C4"), strict=True))
_PERCENT = (50, 10, 1, 0.1, 0.01)


def found(results: dict[str, Any]) -> Figure:
    """Draw the rows that each gives, and the right ones among them."""
    figure = Figure(figsize=(10, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True)
    independent, far = drawn(results).values()
    _draw(left, independent, "rows")
    left.set(title="rows returned", ylim=(-0.03, 1.05))
    _draw(middle, independent, "recall")
    middle.set(title="recall")
    _draw(right, far, "recall")
    right.set(title="recall, rows far from the question")
    _legend(figure)
    return figure


def cost(results: dict[str, Any]) -> Figure:
    """Draw how long each takes, and what it asks of S3 Vectors."""
    figure = Figure(figsize=(10, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    independent, _ = drawn(results).values()
    for axes, what, title in ((left, "p50_ms", "p50, ms"), (right, "requests", "requests to S3 Vectors")):
        _draw(axes, independent, what)
        axes.set(title=title, yscale="log")
        axes.yaxis.set_major_formatter("{x:,.10g}")
    _legend(figure)
    return figure


def _draw(axes: Axes, lines: dict[str, dict[str, list[Any]]], what: str) -> None:
    """Draw a line for each contender."""
    for name, values in lines.items():
        known = [float("nan") if value is None else value for value in values[what]]
        width, marker, order = (3.5, "", 3) if name == OURS else (1.2, "o", 2)
        axes.plot(
            values["percent"],
            known,
            label=name,
            color=_COLORS[name],
            linewidth=width,
            marker=marker,
            markersize=3,
            zorder=order,
        )
    axes.set(xscale="log", xlabel="rows that pass, %")
    axes.set_xlim(70, 0.007)
    axes.set_xticks(_PERCENT, [f"{percent:g}" for percent in _PERCENT])
    axes.minorticks_off()


def _legend(figure: Figure) -> None:
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
