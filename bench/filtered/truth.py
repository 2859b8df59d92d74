"""What the right answer is: every distance, computed in this process as the service defines it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.filtered.documents import Documents, Questions
    from bench.filtered.predicates import Mask

# Vectors are float32, and so are the distances that are answered: nearer to each other than that is a tie.
_TIE = 2e-7


@dataclass(frozen=True)
class Truth:
    """The nearest documents that pass, and how many pass at all."""

    # Those at the distance of the last one included: any of them makes the answer complete.
    nearest: frozenset[int]
    wanted: int
    matches: int
    # How many neighbours one has to read to have them all.
    last_rank: int

    def recall(self, ids: Sequence[int]) -> float:
        """Return the share of the right rows that an answer has."""
        return min(len(self.nearest.intersection(ids)), self.wanted) / self.wanted if self.wanted else 1.0

    def rows(self, ids: Sequence[int]) -> float:
        """Return the share of the rows that there are to give that an answer has."""
        return len(ids) / self.wanted if self.wanted else float(not ids)


def distances(documents: Documents, questions: Questions) -> NDArray[np.float64]:
    """Return the cosine distance of each question, a row, to each document."""
    rows = questions.vectors.astype(np.float64)
    columns = documents.vectors.astype(np.float64)
    lengths = np.outer(np.linalg.norm(rows, axis=1), np.linalg.norm(columns, axis=1))
    found: NDArray[np.float64] = 1 - rows @ columns.T / lengths
    return found


def truth(of_question: NDArray[np.float64], mask: Mask, top_k: int) -> Truth:
    """Return the right answer to a question, of which this is the row of distances."""
    [passing] = np.nonzero(mask)
    wanted = min(top_k, len(passing))
    if not wanted:
        return Truth(frozenset(), 0, 0, 0)
    there: NDArray[Any] = of_question[passing]
    last = np.partition(there, wanted - 1)[wanted - 1]
    return Truth(
        nearest=frozenset(passing[there <= last + _TIE].tolist()),
        wanted=wanted,
        matches=len(passing),
        last_rank=int((of_question <= last).sum()),
    )
