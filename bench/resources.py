"""What a search uses beside time: CPU, connections to the service, bytes on each hop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import psutil

from bench import contenders
from bench.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.contenders import Search
    from bench.stage import Stage


def measure(stage: Stage, search: Search, queries: int) -> dict[str, Any]:
    """Run so many warm queries of each contender that leaves the database, one contender after the other."""
    rows = {}
    for name in ("direct", "s3vl", "naive"):
        say(f"resources of {queries} queries: {name}")
        call = contenders.ALL[name](stage, search)
        call()
        processes = stage.processes(name)
        with stage.counted() as counted:
            used = cpu_ms(processes, partial(_repeat, call, queries))
        rows[name] = {
            "connections_per_100_queries": counted["connections"] * 100 / queries,
            "cpu_ms": {who: round(milliseconds / queries, 2) for who, milliseconds in used.items()},
            "bytes_to_service": counted["bytes_in"] // queries,
            "bytes_from_service": counted["bytes_out"] // queries,
        }
    return {"queries": queries, "contenders": rows, "hop_to_lambda": _hop_to_lambda(stage, search)}


def connections(stage: Stage, search: Search, queries: int) -> int:
    """Count the TCP connections to the service that so many warm queries of s3vl open."""
    call = contenders.s3vl(stage, search)
    call()
    with stage.counted() as counted:
        _repeat(call, queries)
    return counted["connections"]


def _hop_to_lambda(stage: Stage, search: Search) -> dict[str, int]:
    """Return the bytes between database and function, as s3vl tells them of its last call."""
    connection = stage.connect()
    contenders.s3vl(stage, search, connection)()
    row = connection.execute("select bytes_out, bytes_in from s3vl.last_call()").fetchone()
    assert row is not None  # noqa: S101 - the call before it has succeeded
    return {"bytes_to_lambda": row[0], "bytes_from_lambda": row[1]}


def _repeat(call: Callable[[], object], times: int) -> None:
    for _ in range(times):
        call()


def cpu_ms(processes: Mapping[str, list[psutil.Process]], work: Callable[[], object]) -> dict[str, float]:
    """Return the CPU time that processes use for some work.

    Those that end meanwhile have no part in it: they are PostgreSQL's own, or sessions of an earlier measure.
    """
    before = {process: _cpu_ms(process) for group in processes.values() for process in group}
    work()
    after = {process: _cpu_ms(process) for process in before}
    return {
        who: sum(
            end - start
            for start, end in ((before[process], after[process]) for process in group)
            if start is not None and end is not None
        )
        for who, group in processes.items()
    }


def _cpu_ms(process: psutil.Process) -> float | None:
    """Return the CPU time that a process has used so far; None when it has ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return None
    return float(1000 * (times.user + times.system))
