"""What the contenders of the benchmark answer is counted, and what they search in is alike for all."""

from __future__ import annotations

import numpy as np
import pytest

from bench import contenders
from bench.contenders import Search
from bench.data import vectors
from bench.stage import Index


def test_an_answer_of_another_size_is_an_error() -> None:
    """Nothing is found sooner than something."""
    assert contenders.checked("full", lambda: [1, 2], 2)() == [1, 2]

    with pytest.raises(RuntimeError, match="empty is to give 10 rows, and gave 0"):
        contenders.checked("empty", list, 10)()


@pytest.mark.parametrize(("top_k", "hits"), [(10, 10), (100, 20)])
def test_there_is_no_more_to_find_than_is_in_the_index(top_k: int, hits: int) -> None:
    """A small index has fewer vectors than are asked for."""
    assert Search(Index("index", "arn", 5, size=20), top_k).hits == hits


def test_vectors_lie_near_a_space_of_few_dimensions() -> None:
    """As embeddings do; all that is made, to search in and to search with, lies near the same."""
    made = np.array(vectors(200, 384, seed=1) + vectors(200, 384, seed=2))

    variances = np.linalg.svd(made, compute_uv=False) ** 2

    assert variances[:16].sum() / variances.sum() > 0.95
