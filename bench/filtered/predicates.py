"""What rows have to pass, in SQL and in numpy, and where it can be said so in the words of the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.filtered.documents import TENANTS, matches

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from bench.filtered.documents import Documents

    Mask = NDArray[np.bool_]

TENANT = "bench.tenant"


@dataclass(frozen=True)
class Kind:
    """A kind of predicate. Of a share of the documents and the place of a question it makes one predicate."""

    name: str
    # What comes after `from`, documents as d; $1 has the parameters.
    source: str
    # What is compared, and how, in numpy.
    mask: Callable[[Documents, dict[str, Any]], Mask]
    # In metadata, what the columns of documents say; without it, only SQL can say it.
    service_filter: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    # Whether the rows that pass are where the question is, elsewhere, or have nothing to do with it.
    correlation: int = 0
    # Whether the planner of PostgreSQL is far off.
    badly_estimated: bool = False
    by_tenant: bool = False


@dataclass(frozen=True)
class Predicate:
    """What one question asks for."""

    kind: Kind
    share: float
    parameters: dict[str, Any]

    @property
    def candidates(self) -> str:
        """Return the query that `query_filtered` is given."""
        return f"select d.id from {self.kind.source}"  # noqa: S608 - of our own words

    def mask(self, documents: Documents) -> Mask:
        """Tell which documents pass."""
        return self.kind.mask(documents, self.parameters)

    @property
    def service_filter(self) -> dict[str, Any] | None:
        """Return the same in the words of the service, if it has any for it."""
        return self.kind.service_filter and self.kind.service_filter(self.parameters)


def predicate(kind: Kind, share: float, place: int, count: int) -> Predicate:
    """Return the predicate of this kind that passes a share of so many documents, for a question of a place."""
    if kind.by_tenant:
        return Predicate(kind, share, {"tenant": TENANTS.index(share) if share else len(TENANTS) + 1})
    below = matches(share, count)
    if not kind.correlation:
        return Predicate(kind, share, {"below": below})
    # Blocks of the order of subjects: the one that the question is in, or the one that is farthest from it.
    blocks = count // max(below, 1)
    block = min(place // max(below, 1), blocks - 1)
    if kind.correlation < 0:
        block = (block + blocks // 2) % blocks
    return Predicate(kind, share, {"low": block * below, "high": (block + 1) * below})


_IN_PLACE = "documents as d where d.place >= ($1 ->> 'low')::integer and d.place < ($1 ->> 'high')::integer"
_BELOW = "($1 ->> 'below')::integer"


def _by_place(documents: Documents, parameters: dict[str, Any]) -> Mask:
    mask: Mask = (documents.place >= parameters["low"]) & (documents.place < parameters["high"])
    return mask


def _by_place_in_metadata(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"$and": [{"place": {"$gte": parameters["low"]}}, {"place": {"$lt": parameters["high"]}}]}


def _by_draw(documents: Documents, parameters: dict[str, Any]) -> Mask:
    mask: Mask = documents.draw < parameters["below"]
    return mask


def _by_stock(documents: Documents, parameters: dict[str, Any]) -> Mask:
    mask: Mask = documents.stock < parameters["below"]
    return mask


def _by_tenant(documents: Documents, parameters: dict[str, Any]) -> Mask:
    mask: Mask = documents.tenant == parameters["tenant"]
    return mask


INDEPENDENT = Kind(
    "independent",
    f"documents as d where d.draw < {_BELOW}",
    _by_draw,
    lambda parameters: {"draw": {"$lt": parameters["below"]}},
)
POSITIVE = Kind("near the question", _IN_PLACE, _by_place, _by_place_in_metadata, correlation=1)
NEGATIVE = Kind("far from it", _IN_PLACE, _by_place, _by_place_in_metadata, correlation=-1)
JOINED = Kind(
    "joined",
    f"documents as d join stock as s on s.document_id = d.id where s.quantity < {_BELOW}",
    _by_stock,
)
ROW_SECURITY = Kind("row security", "documents as d", _by_tenant, by_tenant=True)
FUNCTION = Kind(
    "estimated badly: function",
    f"documents as d where passes(d.draw, {_BELOW})",
    _by_draw,
    badly_estimated=True,
)
TWINS = Kind(
    "estimated badly: columns that are alike",
    f"documents as d where d.draw < {_BELOW} and d.twin < {_BELOW}",
    _by_draw,
    badly_estimated=True,
)
NEVER_ANALYZED = Kind(
    "estimated badly: never analyzed",
    f"documents as d join arrivals as a on a.document_id = d.id where a.draw < {_BELOW}",
    _by_draw,
    badly_estimated=True,
)
KINDS = (INDEPENDENT, POSITIVE, NEGATIVE, JOINED, ROW_SECURITY, FUNCTION, TWINS, NEVER_ANALYZED)
