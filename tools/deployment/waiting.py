"""Waiting for AWS: with a clock on a terminal, and with a line now and then in a log."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Seen = TypeVar("_Seen")

_POLL_SECONDS = 3
_SECONDS_BETWEEN_LINES = 15


def wait_until(
    what: str, look: Callable[[], _Seen], *, busy: Callable[[_Seen], bool], at_most: float = math.inf
) -> _Seen:
    """Look until what is seen is busy no more, or so many seconds have passed, and return what was seen last."""
    started = time.monotonic()
    next_line = 0
    while busy(seen := look()) and time.monotonic() - started < at_most:
        if sys.stdout.isatty():
            _sleep_with_clock(what, started)
            continue
        elapsed = time.monotonic() - started
        if elapsed >= next_line:
            print(f"  wait until {what}: {elapsed:.0f} s", flush=True)
            next_line += _SECONDS_BETWEEN_LINES
        time.sleep(_POLL_SECONDS)
    return seen


def _sleep_with_clock(what: str, started: float) -> None:
    """Show each second how many have passed, on one line."""
    try:
        for _ in range(_POLL_SECONDS):
            print(f"\r  wait until {what}: {time.monotonic() - started:.0f} s", end="", flush=True)
            time.sleep(1)
    finally:
        # Whatever is printed next, after an interrupt too, has the line to itself.
        print("\r\x1b[K", end="", flush=True)
