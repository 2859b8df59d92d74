"""What happens to memory: that of an invocation goes back to the system, since the post gives the function 128 MB.

What the environment needs as long as it lives is not looked through for garbage.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_M_MMAP_THRESHOLD = -3
_LARGE_BLOCK_BYTES = 128 * 1024
_LIBC = ctypes.CDLL(None)


def return_large_blocks(libc: Any = _LIBC) -> None:
    """Let each large block of memory go back as soon as it is free.

    glibc does that for blocks from 128 kB on, but raises this limit to the size of each block that is freed. After
    one answer of 6 MB, requests and answers would come from the heaps of the threads, which hardly ever shrink: a
    warm environment kept 190 MB. A limit that was set stays. Other C libraries, on developers' machines, have none.
    """
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)


@contextmanager
def kept_for_good() -> Iterator[None]:
    """Let Python's collector never look at what the block makes: modules and clients stay as long as the environment.

    It would look through all of them again and again while they come, for a twelfth of a cold start, and then
    during invocations.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.enable()
