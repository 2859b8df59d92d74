"""Says what is being done, and since when."""

from __future__ import annotations

import time

_started = time.monotonic()


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{seconds():4.0f} s] {text}", flush=True)


def seconds() -> float:
    """Return how long this program has run."""
    return time.monotonic() - _started
