"""All contenders, under all predicates, over how few rows pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.filtered import collection, contenders, planner, predicates, scores, truth
from bench.filtered.contenders import Answer
from bench.filtered.documents import TENANTS, Documents, Questions
from bench.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.filtered.contenders import Contender
    from bench.filtered.predicates import Kind, Predicate
    from bench.stage import Stage

# How many rows are wanted where nothing else is said.
TOP_K = 10
# Of S3 Vectors, to each request.
LATENCY_MS = 60
FIXED = {"top_k = k, join": None, "top_k 100, join": 100, "top_k 10,000, join": contenders.MOST_NEIGHBOURS}
OURS, SERVICE, PGVECTOR = "query_filtered", "filter of S3 Vectors", "pgvector HNSW"

_ALL = (*TENANTS, 0.0)
_SOME = (0.5, 0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    vectors: int
    # At each point of independent predicates, and of others.
    questions: int
    questions_of_others: int
    # Without a predicate, to know what the index itself finds.
    questions_of_index: int
    # By the name of a kind: which shares of the rows pass.
    shares: dict[str, Sequence[float]] = field(
        default_factory=lambda: {
            predicates.INDEPENDENT.name: _ALL,
            predicates.POSITIVE.name: _SOME,
            predicates.NEGATIVE.name: (*_SOME, 0.0001),
            predicates.JOINED.name: (*_SOME, 0.0001),
            predicates.ROW_SECURITY.name: (*_SOME, 0.0001),
            predicates.FUNCTION.name: _SOME[1:],
            predicates.TWINS.name: _SOME[1:],
            predicates.NEVER_ANALYZED.name: _SOME[1:],
        }
    )
    # Of independent predicates that are asked for 100 rows too.
    shares_of_100: Sequence[float] = _SOME


LONG = Effort(vectors=100_000, questions=20, questions_of_others=8, questions_of_index=200)
QUICK = Effort(
    vectors=20_000,
    questions=3,
    questions_of_others=1,
    questions_of_index=3,
    shares={kind.name: (0.1,) for kind in predicates.KINDS}
    | {predicates.INDEPENDENT.name: (0.5, 0.1, 0.001, 0.0)},
    shares_of_100=(),
)


@dataclass(frozen=True)
class _Questions:
    """Questions of one kind and share: for each its predicate and the right answer."""

    kind: Kind
    share: float
    top_k: int
    predicates: list[Predicate]
    truths: list[truth.Truth]


class Measurement:
    """Asks the contenders that a stage has."""

    def __init__(self, stage: Stage, effort: Effort) -> None:
        self._effort = effort
        documents = Documents(effort.vectors)
        questions = Questions(effort.questions_of_index, documents.count)
        self._collection = collection.create(stage, documents, questions)
        say("what is right, and the neighbours of every question")
        self._distances: NDArray[np.float64] = truth.distances(documents, questions)
        self._neighbours = contenders.neighbours(
            self._collection, effort.questions, contenders.MOST_NEIGHBOURS
        )
        self._asked: dict[str, Contender] = {
            OURS: contenders.query_filtered(self._collection),
            **{name: contenders.fixed(self._collection, top_k) for name, top_k in FIXED.items()},
            SERVICE: contenders.service_filter(self._collection),
            PGVECTOR: contenders.pgvector(self._collection),
        }

    def points(self) -> list[dict[str, Any]]:
        """Measure all points."""
        asked = [
            (kind, share, TOP_K) for kind in predicates.KINDS for share in self._effort.shares[kind.name]
        ]
        asked += [(predicates.INDEPENDENT, share, 100) for share in self._effort.shares_of_100]
        return [self._point(self._questions(*one)) for one in asked]

    def recall_of_index(self) -> float:
        """Return which share of the nearest the index finds without a predicate."""
        say("what the index finds without a predicate")
        found = contenders.neighbours(self._collection, self._effort.questions_of_index, TOP_K)
        everything = np.ones(self._collection.documents.count, dtype=bool)
        recalls = [
            truth.truth(row, everything, TOP_K).recall(ids)
            for row, ids in zip(self._distances, found, strict=True)
        ]
        return round(float(np.mean(recalls)), 4)

    def planner_ms(self) -> dict[str, float]:
        """Return what query_filtered takes to find a way, where many rows pass."""
        say("what query_filtered takes to find a way")
        many = [share for share in self._effort.shares[predicates.INDEPENDENT.name] if share >= planner.MANY]
        return {
            str(share): planner.milliseconds(
                self._collection, self._questions(predicates.INDEPENDENT, share, TOP_K).predicates, TOP_K
            )
            for share in many
        }

    def _questions(self, kind: Kind, share: float, top_k: int) -> _Questions:
        documents, questions = self._collection.documents, self._collection.questions
        count = self._effort.questions if kind is predicates.INDEPENDENT else self._effort.questions_of_others
        places = questions.place[:count].tolist()
        asked = [predicates.predicate(kind, share, place, documents.count) for place in places]
        truths = [
            truth.truth(row, one.mask(documents), top_k)
            for row, one in zip(self._distances[:count], asked, strict=True)
        ]
        return _Questions(kind, share, top_k, asked, truths)

    def _point(self, questions: _Questions) -> dict[str, Any]:
        """Ask all contenders, one after the other."""
        kind, share, top_k = questions.kind, questions.share, questions.top_k
        say(f"{kind.name}, {100 * share:g} %, {top_k} rows")
        measured = {}
        for name, contender in self._asked.items():
            if name == SERVICE and kind.service_filter is None:
                continue
            answers = list(self._answers(name, contender, questions))
            timed = [one.milliseconds for one in answers if one.milliseconds is not None]
            measured[name] = scores.summed_up(
                [
                    scores.Score(answer, right, one.mask(self._collection.documents), share, top_k)
                    for answer, right, one in zip(
                        answers, questions.truths, questions.predicates, strict=True
                    )
                ],
                self._collection.documents.count,
            ) | (scores.times(timed) if timed else {})
        return {
            "kind": kind.name,
            "share": share,
            "top_k": top_k,
            "matches": questions.truths[0].matches,
            "contenders": measured,
        }

    def _answers(self, name: str, contender: Contender, questions: _Questions) -> Iterator[Answer]:
        """Ask all questions.

        Of 10,000 neighbours, which take 100 pages, only one in all: what a join leaves follows from the
        neighbours, which are known.
        """
        for number, one in enumerate(questions.predicates):
            known = self._known(name, questions, number) if name in FIXED else None
            if FIXED.get(name) == contenders.MOST_NEIGHBOURS and not (number == 0 and _is_first(questions)):
                yield Answer(known or [])
                continue
            with self._collection.stage.latency(LATENCY_MS):
                answer = contender.ask(one, number, questions.top_k)
            if known is not None and list(answer.ids) != known:
                raise RuntimeError(f"{name} gave {answer.ids}, and the neighbours say {known}")
            yield answer

    def _known(self, name: str, questions: _Questions, number: int) -> list[int]:
        return contenders.of_fixed(
            self._collection,
            questions.predicates[number],
            self._neighbours[number][: FIXED[name] or questions.top_k],
            questions.top_k,
        )


def _is_first(questions: _Questions) -> bool:
    """Tell whether this is the point at which what costs the same everywhere is asked."""
    return questions.kind is predicates.INDEPENDENT and questions.share == planner.MANY
