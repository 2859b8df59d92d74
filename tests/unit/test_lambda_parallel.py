"""Work at the same time: order, width, and that nothing is left running."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from s3vl_lambda.services.parallel import CONCURRENT_CALLS, in_order


def test_results_come_in_the_order_of_the_items() -> None:
    """Whichever work ends first, the results stand in order."""
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            assert second_is_done.wait(60)
        if item == 2:
            second_is_done.set()
        return item * 10

    assert list(in_order(work, [1, 2, 3])) == [10, 20, 30]


def test_as_many_run_as_the_width_allows() -> None:
    """As many as there are threads are running at the same time."""
    together = threading.Barrier(CONCURRENT_CALLS)

    def work(_item: int) -> int:
        return together.wait(60)

    assert sorted(in_order(work, range(CONCURRENT_CALLS))) == list(range(CONCURRENT_CALLS))


def test_the_width_may_change_on_the_way() -> None:
    """With the width at 0 nothing more is begun, and what was begun is still given."""
    begun: list[int] = []
    widths = iter([2, 2, 2])

    results = list(in_order(lambda item: begun.append(item) or item, range(9), lambda: next(widths, 0)))

    assert results == sorted(begun) == [0, 1]


def test_nothing_is_left_running() -> None:
    """After a failure, what was begun is over before the failure is seen."""
    begun, failed, finished = threading.Event(), threading.Event(), threading.Event()

    def work(item: int) -> None:
        if item == 0:
            assert begun.wait(60)
            failed.set()
            raise LookupError
        begun.set()
        assert failed.wait(60)
        threading.Event().wait(0.05)
        finished.set()

    with pytest.raises(LookupError), closing(in_order(work, [0, 1])) as results:
        list(results)

    assert finished.is_set()
