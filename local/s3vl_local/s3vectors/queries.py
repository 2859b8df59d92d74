"""QueryVectors: by vector, by words, or by both, among the records that a filter leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from s3vl_local.s3vectors.exceptions import ValidationError
from s3vl_local.s3vectors.filters import compile_filter
from s3vl_local.s3vectors.records import read_query_vector
from s3vl_local.s3vectors.search import matching_rows, nearest
from s3vl_local.s3vectors.text import fuse

if TYPE_CHECKING:
    from s3vl_local.s3vectors.approximation import Approximation
    from s3vl_local.s3vectors.filters import Predicate
    from s3vl_local.s3vectors.index import Index
    from s3vl_local.s3vectors.records import Vector
    from s3vl_local.s3vectors.search import Rows
    from s3vl_local.s3vectors.text_search import TextSearch

# How many of the nearest records CLASSIC looks at for each result before it filters. AWS gives no number; it
# says that ENHANCED finds up to five times as many.
CLASSIC_CANDIDATES = 5
# An approximate search fills up what it misses with farther vectors.
SPARE_NEIGHBOURS = 2
FEW_NEIGHBOURS = 64
# What Python needs for a result beside its texts.
RESULT_BYTES = 500


@dataclass(frozen=True)
class Hits:
    """What a query found, best first, as it was when the query ran.

    `distances` has those that the vector found, `scores` what a query with texts has to say, `size` about how
    many bytes it takes to keep.
    """

    keys: list[str]
    metadata: list[dict[str, Any]]
    distances: dict[str, float]
    scores: dict[str, dict[str, Any]]
    size: int

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class _Query:
    """A request that was found to be right."""

    vector: Vector | None
    texts: list[tuple[TextSearch, str]]
    top_k: int
    matches: Predicate | None
    enhanced: bool


def search(index: Index, request: dict[str, Any]) -> Hits:
    """Answer a request from its first result to its last."""
    query = _checked(index, request)
    with index.store.lock:
        distances = {} if query.vector is None else _by_vector(index, query, query.vector)
        if not query.texts:
            return _hits(index, list(distances), distances, {})
        return _by_texts(index, query, distances)


def _checked(index: Index, request: dict[str, Any]) -> _Query:
    if "queryVector" not in request and "queryTexts" not in request:
        raise ValidationError("Must specify at least one of queryVector and queryTexts")
    if index.index_mode == "ENHANCED" and request.get("queryMode") == "CLASSIC":
        raise ValidationError("queryMode cannot be CLASSIC when indexMode is ENHANCED")
    enhanced = "ENHANCED" in (index.index_mode, request.get("queryMode"))
    vector = matches = None
    if "queryVector" in request:
        vector = read_query_vector(request["queryVector"], index.dimension, index.distance_metric)
    if "filter" in request:
        matches = compile_filter(request["filter"], set(index.non_filterable_keys), enhanced=enhanced)
    texts = _texts(index, request.get("queryTexts", []))
    return _Query(vector, texts, request["topK"], matches, enhanced)


def _texts(index: Index, query_texts: list[dict[str, str]]) -> list[tuple[TextSearch, str]]:
    """Return each text with what it searches. The service's words for these refusals are not known."""
    if query_texts and index.index_mode != "ENHANCED":
        raise ValidationError("queryTexts cannot be used when indexMode is CLASSIC")
    if len({query["metadataKey"] for query in query_texts}) < len(query_texts):
        raise ValidationError("queryTexts must have at most one entry per metadataKey")
    found = []
    for query in query_texts:
        text_search = index.text_searches.get(query["metadataKey"])
        if text_search is None:
            raise ValidationError(f"Metadata key '{query['metadataKey']}' is not configured for text search")
        if not text_search.active:
            raise ValidationError(
                f"The text search configuration of metadata key '{query['metadataKey']}' is BUILDING"
            )
        found.append((text_search, query["text"]))
    return found


def _by_vector(index: Index, query: _Query, vector: Vector) -> dict[str, float]:
    """Return the keys that the vector finds and their distances, nearest first."""
    store, metric = index.store, index.distance_metric
    if query.matches is None or query.enhanced:
        rows = None if query.matches is None else matching_rows(store, query.matches)
        approximation = index.settings.approximation
        if approximation is None:
            found = nearest(store, vector, metric, query.top_k, rows)
            return dict(zip(found.keys, found.distances, strict=True))
        return _approximately(index, query, vector, approximation, rows)
    # CLASSIC looks for neighbours first: what the filter then takes away is not replaced.
    found = nearest(store, vector, metric, CLASSIC_CANDIDATES * query.top_k)
    pairs = zip(found.keys, found.distances, strict=True)
    left = [(key, distance) for key, distance in pairs if query.matches(store.metadata_of(key))]
    return dict(left[: query.top_k])


def _approximately(
    index: Index, query: _Query, vector: Vector, approximation: Approximation, rows: Rows | None
) -> dict[str, float]:
    """Return what an approximate search finds; most often a few spare neighbours are enough for it."""
    top_k, noise = query.top_k, approximation.distance_noise
    matching = len(index.store) if rows is None else len(rows)
    most = SPARE_NEIGHBOURS * top_k
    for neighbours in (min(top_k + top_k // 16 + FEW_NEIGHBOURS, most), most):
        found = nearest(index.store, vector, index.distance_metric, neighbours, rows)
        keys, distances = approximation.apply(found.keys, found.distances, matching)
        # No neighbour that was not looked at would come before the last one, however its distance is blurred.
        if len(keys) >= top_k and distances[top_k - 1] < found.distances[-1] * (1 - noise):
            break
    return dict(list(zip(keys, distances, strict=True))[:top_k])


def _by_texts(index: Index, query: _Query, distances: dict[str, float]) -> Hits:
    """Rank by BM25, or fuse with the ranking by distance when there is a vector.

    Assumed, since AWS does not say: several texts without a vector are ranked by the sum of their scores, and
    each ranking of a hybrid query is `topK` long.
    """
    allowed = None
    if query.matches is not None:
        allowed = {index.store.keys[row] for row in matching_rows(index.store, query.matches)}
    found = {search.metadata_key: search.texts.scores(text, allowed) for search, text in query.texts}
    if query.vector is None:
        totals: dict[str, float] = {}
        for by_key in found.values():
            for key, score in by_key.items():
                totals[key] = totals.get(key, 0.0) + score
        keys, fused = _best(totals, query.top_k), {}
    else:
        rankings = [list(distances), *(_best(by_key, query.top_k) for by_key in found.values())]
        fused = dict(fuse(rankings)[: query.top_k])
        keys = list(fused)
    return _hits(index, keys, distances, {key: _scores(key, found, distances, fused) for key in keys})


def _best(scores: dict[str, float], top_k: int) -> list[str]:
    """Return the keys of the highest scores, highest first; ties are in the order of their keys."""
    return sorted(scores, key=lambda key: (-scores[key], key))[:top_k]


def _scores(
    key: str, found: dict[str, dict[str, float]], distances: dict[str, float], fused: dict[str, float]
) -> dict[str, Any]:
    """Return the scores of one result; what did not find it has none."""
    scores: dict[str, Any] = {}
    if key in fused:
        scores["fused"] = fused[key]
    matched = [
        {"metadataKey": metadata_key, "score": by_key[key]}
        for metadata_key, by_key in found.items()
        if key in by_key
    ]
    if matched:
        scores["bm25Scores"] = matched
    if key in distances:
        scores["vectorDistance"] = distances[key]
    return scores


def _hits(
    index: Index, keys: list[str], distances: dict[str, float], scores: dict[str, dict[str, Any]]
) -> Hits:
    metadata, size = index.store.all_metadata_of(keys)
    return Hits(keys, metadata, distances, scores, size + RESULT_BYTES * len(keys))
