"""Work that runs at the same time: on one bounded pool, taken in order, and over before the answer is given."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

# Calls mostly wait; from here on the processor is what they wait for.
CONCURRENT_CALLS = 32

_pool = ThreadPoolExecutor(CONCURRENT_CALLS, thread_name_prefix="s3vectors")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@contextmanager
def beside(work: Callable[[], _Result]) -> Iterator[Future[_Result]]:
    """Do something while the block does the rest; when the block is over, so is that."""
    begun = _pool.submit(work)
    try:
        yield begun
    finally:
        begun.cancel()
        wait([begun])


def in_order(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    width: Callable[[], int] = lambda: CONCURRENT_CALLS,
) -> Generator[_Result]:
    """Give the result of each item; up to width() items are begun and not yet taken, so none are begun at 0.

    However the taking ends, no work is left running: Lambda freezes what goes on after the answer, and thaws it
    into the next invocation.
    """
    begun: deque[Future[_Result]] = deque()
    waiting = deque(items)
    try:
        while True:
            while waiting and len(begun) < width():
                begun.append(_pool.submit(work, waiting.popleft()))
            if not begun:
                return
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
        wait(begun)
