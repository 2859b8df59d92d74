"""What is set for glibc's allocator and Python's collector; tests/e2e/test_memory.py measures what it comes to."""

from __future__ import annotations

import gc
import types

from s3vl_lambda.allocator import kept_for_good, return_large_blocks


def test_the_limit_of_large_blocks_is_set_where_it_begins() -> None:
    """Parameter -3 of mallopt is M_MMAP_THRESHOLD; one that is set no longer grows."""
    calls: list[tuple[int, int]] = []

    return_large_blocks(types.SimpleNamespace(mallopt=lambda *arguments: calls.append(arguments)))

    assert calls == [(-3, 128 * 1024)]


def test_other_c_libraries_are_left_as_they_are() -> None:
    """Without mallopt, as on macOS, the function starts all the same."""
    return_large_blocks(types.SimpleNamespace())


def test_what_is_made_for_good_is_left_alone_by_the_collector() -> None:
    """It does not run in the block, runs again after it, and no longer looks at what the block made."""
    frozen_before = gc.get_freeze_count()
    try:
        with kept_for_good():
            ran_within = gc.isenabled()
            made = [[number] for number in range(1_000)]
        frozen = gc.get_freeze_count() - frozen_before
    finally:
        gc.unfreeze()

    assert (ran_within, gc.isenabled()) == (False, True)
    assert frozen >= len(made)
