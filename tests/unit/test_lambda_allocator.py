"""The setting of glibc's allocator; what it comes to in a warm environment, tests/e2e/test_memory.py measures."""

from __future__ import annotations

import types

from s3vl_lambda.allocator import return_large_blocks


def test_the_limit_of_large_blocks_is_set_where_it_begins() -> None:
    """Parameter -3 of mallopt is M_MMAP_THRESHOLD; one that is set no longer grows."""
    calls: list[tuple[int, int]] = []

    return_large_blocks(types.SimpleNamespace(mallopt=lambda *arguments: calls.append(arguments)))

    assert calls == [(-3, 128 * 1024)]


def test_other_c_libraries_are_left_as_they_are() -> None:
    """Without mallopt, as on macOS, the function starts all the same."""
    return_large_blocks(types.SimpleNamespace())
