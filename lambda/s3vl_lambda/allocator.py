"""How memory goes back to the system when an invocation is done with it: the post gives the function 128 MB."""

from __future__ import annotations

import ctypes
from typing import Any

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
