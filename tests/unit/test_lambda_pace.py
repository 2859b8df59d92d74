"""Turns for calls: who waits, for how long, and when throttling is over."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from s3vl_lambda.protocol.errors import AccessDeniedError, OutOfTimeError
from s3vl_lambda.services.deadline import Deadline
from s3vl_lambda.services.pace import Pace


def deadline_in(seconds: float) -> Deadline:
    """Make a deadline of the real clock."""
    return Deadline(time.monotonic() + seconds)


def test_throttling_halves_the_width_and_answers_widen_it_again() -> None:
    """From eight down to one and, answer by answer, back up to eight."""
    pace = Pace(8)
    down, up = [], []
    for _ in range(5):
        pace.throttled()
        down.append(pace.width)
    for _ in range(9):
        pace.answered()
        up.append(pace.width)

    assert (down, up) == ([4, 2, 1, 1, 1], [2, 3, 4, 5, 6, 7, 8, 8, 8])


def test_a_call_waits_for_its_turn() -> None:
    """Of two calls with one turn, the second begins when the first gives it back."""
    pace = Pace(1)
    order: list[str] = []
    first_has_it = threading.Event()

    def first() -> None:
        with pace.turn(deadline_in(10)):
            first_has_it.set()
            threading.Event().wait(0.05)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert first_has_it.wait(10)
    with pace.turn(deadline_in(10)):
        order.append("second")
    thread.join()

    assert order == ["first", "second"]


def test_no_call_waits_beyond_its_deadline() -> None:
    """A call that gets no turn in time is out of time, not stuck."""
    pace = Pace(1)
    started = time.monotonic()

    with (
        pace.turn(deadline_in(10)),
        pytest.raises(OutOfTimeError, match="S3 Vectors had not been asked when"),
        pace.turn(deadline_in(0.15)),
    ):
        pass

    # The other call has its turn until its own deadline.
    assert time.monotonic() - started < 8


def test_the_end_reaches_those_that_wait_and_those_to_come() -> None:
    """Once a call failed for good, the others learn why and do not begin; the first reason counts."""
    pace = Pace(1)
    seen: list[AccessDeniedError] = []
    reason = AccessDeniedError("no")

    def wait_for_a_turn() -> None:
        with pytest.raises(AccessDeniedError) as raised, pace.turn(deadline_in(10)):
            pass
        seen.append(raised.value)

    with ExitStack() as turns:
        turns.enter_context(pace.turn(deadline_in(10)))
        thread = threading.Thread(target=wait_for_a_turn)
        thread.start()
        pace.end(reason)
        pace.end(OutOfTimeError("late"))
        thread.join()
    wait_for_a_turn()

    assert seen == [reason, reason]
    assert pace.has_ended
