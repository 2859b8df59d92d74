"""Draws the pictures of docs/performance.md from bench/results/."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.filtered import plots as filtered
from bench.filtered import report as filtered_report
from bench.report import results
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

PICTURES = ROOT / "docs" / "performance"

# Text stays text, and the same results give the same file.
mpl.rcParams |= {
    "svg.fonttype": "none",
    "svg.hashsalt": "s3vl",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
_COLORS = {"direct": "C0", "s3vl": "C1"}
# Beyond this ratio of the ends of an axis, powers of ten are labels enough.
_MANY_LABELS = 100
_PARTS = ("service", "handler", "runtime", "wire", "SQL", "client")


def draw() -> None:
    """Draw all pictures."""
    PICTURES.mkdir(exist_ok=True)
    for name, figure in (
        ("growth", _growth(results("growth")["curves"])),
        ("split", _split(results("split")["searches"])),
        ("concurrency", _concurrency(results("concurrency")["rows"])),
        ("sync", _sync(results("sync"))),
    ):
        save(figure, PICTURES / f"{name}.svg")
    under_a_predicate = results("filtered")
    # A test compares what was drawn with the results.
    numbers = json.dumps(filtered_report.drawn(under_a_predicate))
    save(filtered.found(under_a_predicate), PICTURES / "filtered.svg", numbers)
    save(filtered.cost(under_a_predicate), PICTURES / "filtered-cost.svg", numbers)


def _growth(curves: dict[str, Any]) -> Figure:
    """Draw time against each size, both in powers of ten, with quartiles."""
    figure = Figure(figsize=(8, 6), layout="constrained")
    for axes, (what, curve) in zip(figure.subplots(2, 2).flat, curves.items(), strict=True):
        for name, drawn in curve["contenders"].items():
            low, high = zip(*(taken["quartiles_ms"] for taken in drawn["timings"]), strict=True)
            medians = [taken["p50_ms"] for taken in drawn["timings"]]
            color = _COLORS[name]
            axes.loglog(curve["sizes"], medians, marker="o", markersize=3, color=color, label=name)
            axes.fill_between(curve["sizes"], low, high, alpha=0.2, color=color, linewidth=0)
        plain_numbers(axes)
        axes.set(xlabel=what, ylabel="ms", title=f"s3vl: slope {curve['contenders']['s3vl']['slope']}")
        axes.legend()
    return figure


def _split(splits: list[dict[str, Any]]) -> Figure:
    """Draw where the time of a search goes, as bars of parts."""
    figure = Figure(figsize=(8, 0.5 + 0.4 * len(splits)), layout="constrained")
    axes = figure.subplots()
    labels = [f"{one['dimension']:,} dimensions, top_k {one['top_k']}" for one in splits]
    starts = [0.0] * len(splits)
    for part in _PARTS:
        widths = [one["parts_ms"][part] for one in splits]
        axes.barh(labels, widths, left=starts, label=part)
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    axes.set(xlabel="ms")
    axes.invert_yaxis()
    axes.legend(ncols=len(_PARTS), loc="lower center", bbox_to_anchor=(0.4, 1))
    return figure


def _concurrency(rows: list[dict[str, Any]]) -> Figure:
    """Draw throughput and p95 against the number of sessions."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    for axes, (member, label) in zip(
        figure.subplots(1, 2), (("queries_per_second", "queries/s"), ("p95_ms", "p95, ms")), strict=True
    ):
        for latency_ms in sorted({row["latency_ms"] for row in rows}):
            of_latency = [row for row in rows if row["latency_ms"] == latency_ms]
            sessions = [row["sessions"] for row in of_latency]
            values = [row[member] for row in of_latency]
            axes.plot(sessions, values, marker="o", markersize=3, label=f"{latency_ms} ms of latency")
        axes.set(xlabel="sessions", ylabel=label, ylim=(0, None))
        axes.legend()
    return figure


def _sync(found: dict[str, Any]) -> Figure:
    """Draw how fast changes are sent, and how old the oldest unsent one is while more come."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    speeds, ages = figure.subplots(1, 2, width_ratios=(2, 3))
    names = ("bare loop", "put_vectors", "sync")
    speeds.barh(
        names, [found["vectors_per_second"][name]["value"] for name in names], color=["C0", "C2", "C1"]
    )
    speeds.set(xlabel="vectors/s")
    history = found["history"]
    seconds = [
        number * history["seconds_between_samples"] for number in range(len(history["oldest_seconds"]))
    ]
    ages.plot(seconds, history["oldest_seconds"], color="C1")
    ages.set(
        xlabel=f"seconds of {history['changes_each_second']:,} changes/s",
        ylabel="oldest unsent, seconds",
        ylim=(0, None),
    )
    return figure


def plain_numbers(axes: Axes) -> None:
    """Label logarithmic axes with numbers as people write them, and often enough."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1,) if high > _MANY_LABELS * low else (1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(_plain))
        axis.set_minor_formatter(NullFormatter())


def _plain(value: float, _: object) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6)):
        if value >= size:
            return f"{value / size:,.10g} {unit}"
    return f"{value:,.10g}"


def save(figure: Figure, path: Path, description: str | None = None) -> None:
    """Write an SVG that is the same for the same results."""
    # Without the date that matplotlib would write, which changes with nothing else.
    figure.savefig(path, metadata={"Date": None, "Description": description})
    # matplotlib ends some lines of an SVG with a space.
    path.write_text(
        "\n".join(line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()) + "\n",
        encoding="utf-8",
    )
