"""What a command waits for, said on stderr: after two seconds, and every five from then on."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_SECONDS = 2.0
_NEXT_SECONDS = 5.0


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Say what the block waits for, if it takes long; in a thread, as the block may wait in a program."""
    over = threading.Event()
    speaker = threading.Thread(target=_speak, args=(what, over), daemon=True)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()


def _speak(what: str, over: threading.Event) -> None:
    """Write a line now and then until it is over."""
    started = time.monotonic()
    pause = _FIRST_SECONDS
    while not over.wait(pause):
        print(f"  waiting for {what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        pause = _NEXT_SECONDS
