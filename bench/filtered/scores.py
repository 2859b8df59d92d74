"""How good an answer is, and what it costs; and what all answers to one kind of question come to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.filtered.contenders import MOST_NEIGHBOURS
from bench.filtered.documents import DIMENSION

# tools/ has no types, and is found by its path.
from estimate_cost import PRICES, costs, workload  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.filtered.contenders import Answer
    from bench.filtered.predicates import Mask
    from bench.filtered.truth import Truth

_PAGE = 100
# So that 99 of 100 questions find their rows in what is read at first, if the predicate is independent of them.
_CERTAINTY = 2.33
# docs/cost.md: $0.055 for 1,000 requests.
_DOLLARS_OF_A_GET = 0.055 / 1000
_DOLLARS_OF_A_CALL = PRICES["Lambda requests"].dollars / PRICES["Lambda requests"].per


@dataclass(frozen=True)
class Score:
    """An answer, and what was to be answered."""

    answer: Answer
    truth: Truth
    passes: Mask
    share: float
    top_k: int

    @property
    def rows(self) -> float:
        """Return the share of the rows that there are to give."""
        return self.truth.rows(self.answer.ids)

    @property
    def recall(self) -> float:
        """Return the share of the right rows."""
        return self.truth.recall(self.answer.ids)

    @property
    def precision(self) -> float:
        """Return the share of its rows that pass, each counted once."""
        ids = self.answer.ids
        return sum(bool(self.passes[one]) for one in set(ids)) / len(ids) if ids else 1.0

    @property
    def exact(self) -> bool:
        """Tell whether it says of itself that it is exact."""
        return bool(self.answer.said.get("is_exact"))

    @property
    def short_untold(self) -> bool:
        """Tell whether rows are missing, and it does not say so."""
        return bool(self.answer.said) and self.rows < 1 and not self.answer.said["is_truncated"]

    @property
    def not_exact(self) -> bool:
        """Tell whether it says that it is exact, and is not."""
        return self.exact and self.recall < 1

    @property
    def requests(self) -> int:
        """Return how many requests S3 Vectors got: pages of neighbours, or of vectors by their keys."""
        return self.answer.pages + self.answer.gets

    @property
    def times_oracle(self) -> float:
        """Return how many times the requests of somebody who knows how many rows pass, and does it the same way."""
        if self.answer.gets:
            return self.requests / -(-self.truth.matches // _PAGE)
        return (
            self.requests / oracle_pages(self.share, self.top_k, self.truth.last_rank) if self.requests else 0
        )

    def dollars(self, vectors: int) -> float:
        """Return what AWS charges for it: see docs/cost.md."""
        return dollars(vectors, self.answer.lambda_calls, self.answer.pages, self.answer.gets)


def oracle_pages(share: float, top_k: int, last_rank: int) -> int:
    """Return the pages that one has to read who knows the share that passes.

    They are enough for 99 of 100 questions if what passes is independent of the question; where it is not, they
    are those that hold the last of the right rows.
    """
    enough = (top_k + _CERTAINTY * math.sqrt(top_k * (1 - share)) + _CERTAINTY**2 / 2) / share
    return -(-min(max(math.ceil(enough), last_rank), MOST_NEIGHBOURS) // _PAGE)


def dollars(vectors: int, lambda_calls: int, pages: int, gets: int) -> float:
    """Return what AWS charges for so many requests, without the time of the function: see docs/cost.md."""
    index = f"--vectors {vectors} --dimension {DIMENSION} --key-bytes 6 --metadata-bytes 60"
    used = costs(workload(f"{index} --queries {pages} --top-k {_PAGE}".split()))
    searched = sum(
        amount for name, amount in used.items() if name.startswith(("query", "searched", "returned"))
    )
    total: float = searched + lambda_calls * _DOLLARS_OF_A_CALL + gets * _DOLLARS_OF_A_GET
    return total


def summed_up(scores: Sequence[Score], vectors: int) -> dict[str, Any]:
    """Return what the results hold of the answers to one kind of question."""
    asked = [score for score in scores if score.answer.milliseconds is not None]
    document: dict[str, Any] = {
        "questions": len(scores),
        "rows": _mean([score.rows for score in scores]),
        "full": _mean([score.rows >= 1 for score in scores]),
        "recall": _mean([score.recall for score in scores]),
        "precision": _mean([score.precision for score in scores]),
    }
    if asked:
        document |= {
            "lambda_calls": _mean([score.answer.lambda_calls for score in asked]),
            "most_lambda_calls": max(score.answer.lambda_calls for score in asked),
            "pages": _mean([score.answer.pages for score in asked]),
            "gets": _mean([score.answer.gets for score in asked]),
            "dollars": _mean([score.dollars(vectors) for score in asked], digits=8),
        }
    if any(score.answer.said for score in asked):
        right = [score.recall for score in scores if not score.exact]
        document |= {
            "exact": _mean([score.exact for score in scores]),
            "recall_where_exact": _mean([score.recall for score in scores if score.exact]),
            "recall_where_not_exact": _mean(right),
            "truncated": _mean([bool(score.answer.said["is_truncated"]) for score in scores]),
            "short_untold": sum(score.short_untold for score in scores),
            "not_exact": sum(score.not_exact for score in scores),
            "most_times_oracle": max(round(score.times_oracle, 2) for score in scores),
        }
    return document


def times(milliseconds: Sequence[float]) -> dict[str, Any]:
    """Return the median and the 95th percentile of so many runs."""
    p50, p95 = (round(float(value), 1) for value in np.percentile(milliseconds, [50, 95]))
    return {"p50_ms": p50, "p95_ms": p95, "runs": len(milliseconds)}


def _mean(values: Sequence[float], digits: int = 4) -> float | None:
    return round(float(np.mean(values)), digits) if len(values) else None
