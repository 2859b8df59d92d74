"""Many database sessions that search at the same time: how much they get done, and how long each waits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bench import contenders
from bench.progress import say
from bench.sampling import Timings, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.contenders import Search
    from bench.stage import Stage

SESSIONS = (1, 2, 4, 8, 16, 32)
LATENCIES_MS = (0, 50)
# More environments that start at the same time would wait for each other longer than Lambda lets them.
_COLD_STARTS_AT_ONCE = 4
# So long that a call still runs when the others have begun, and each needs an environment of its own.
_WARMING_MS = 1500


def measure(stage: Stage, search: Search, sessions: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """Let so many sessions search for so many seconds, for each number of sessions."""
    calls = [contenders.s3vl(stage, search) for _ in range(max(sessions))]
    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(len(calls)) as pool:
        say(f"environments for {len(calls)} sessions")
        with stage.latency(_WARMING_MS):
            for warm in range(_COLD_STARTS_AT_ONCE, len(calls) + _COLD_STARTS_AT_ONCE, _COLD_STARTS_AT_ONCE):
                list(pool.map(milliseconds, calls[:warm]))
        for latency_ms in LATENCIES_MS:
            say(f"up to {len(calls)} sessions, {latency_ms} ms of latency")
            with stage.latency(latency_ms):
                rows += [
                    {"latency_ms": latency_ms, **_together(pool, calls[:number], seconds)}
                    for number in sessions
                ]
    return rows


def _together(
    pool: ThreadPoolExecutor, calls: Sequence[Callable[[], object]], seconds: float
) -> dict[str, Any]:
    """Run all calls over and over, each on a thread."""
    started = time.monotonic()

    def repeat(call: Callable[[], object]) -> list[float]:
        taken = [milliseconds(call)]
        while time.monotonic() < started + seconds:
            taken.append(milliseconds(call))
        return taken

    taken = [one for session in pool.map(repeat, calls) for one in session]
    elapsed = time.monotonic() - started
    return {
        "sessions": len(calls),
        "queries_per_second": round(len(taken) / elapsed, 1),
        **Timings(taken).document(),
    }
