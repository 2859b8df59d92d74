"""Full-text and hybrid queries: what they find, in which order, and with which scores.

Only orders and the presence of scores are asserted, and fused scores by their formula; those of BM25 have
their own tests in tests/unit/test_text.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# By words "red shoes" is a, b, c; by distance to (1, 0) the order is d, c, b, a.
PRODUCTS = {
    "a": ([0.0, 1.0], {"title": "red shoes", "body": "made to walk", "price": 10}),
    "b": ([1.0, 3.0], {"title": "red shoes and a long coat", "body": "for the winter", "price": 20}),
    "c": ([1.0, 1.0], {"title": "a blue coat and brown shoes", "body": "walk in red", "price": 30}),
    "d": ([1.0, 0.0], {"title": "green hat", "price": 40}),
}
ALONG = {"queryVector": {"float32": [1.0, 0.0]}}


@pytest.fixture
def index(new_index: Callable[..., str]) -> str:
    """Give an index of products whose titles and bodies can be searched; the bodies are not filterable."""
    searched = [{"metadataKey": "title"}, {"metadataKey": "body"}]
    configuration = {"textSearchConfigurations": searched, "nonFilterableMetadataKeys": ["body"]}
    return new_index(vectors=PRODUCTS, metadataConfiguration=configuration)


def query(s3vectors: Any, index: str, texts: dict[str, str], **options: Any) -> list[dict[str, Any]]:
    """Return all results of a query for texts, by their metadata keys, pages drained."""
    request = {"queryTexts": [{"metadataKey": key, "text": text} for key, text in texts.items()], "topK": 10}
    pages = s3vectors.get_paginator("query_vectors").paginate(indexArn=index, **request | options)
    return [vector for page in pages for vector in page["vectors"]]


def keys(results: list[dict[str, Any]]) -> list[str]:
    """Return the keys of results, in order."""
    return [result["key"] for result in results]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"title": "red shoes"}, ["a", "b", "c"]),
        ({"title": "RED"}, ["a", "b"]),
        ({"title": "hat"}, ["d"]),
        ({"title": "velvet"}, []),
        ({"title": "?"}, []),
        ({"body": "walk"}, ["a", "c"]),
        ({"title": "coat", "body": "walk"}, ["c", "b", "a"]),
    ],
)
def test_texts_are_found_by_any_of_their_words(
    s3vectors: Any, index: str, texts: dict[str, str], expected: list[str]
) -> None:
    """More and rarer words, shorter texts and more keys come first; what has no word of the query is left out."""
    assert keys(query(s3vectors, index, texts)) == expected


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("de", "zwei Häuser", "Haus"),
        ("en", "running shoes", "runs"),
        ("es", "zapatos rojos", "zapato"),
        ("fr", "les chevaux", "cheval"),
        ("it", "scarpe rosse", "scarpa"),
        ("ko", "서울에서 만나요", "서울"),
        ("nl", "drie huizen", "huis"),
        ("pt", "sapatos vermelhos", "sapato"),
    ],
)
def test_a_language_finds_other_forms_of_a_word(
    s3vectors: Any, new_index: Callable[..., str], language: str, text: str, words: str
) -> None:
    """A key with a language finds what the same text under a key without one does not."""
    searched = [{"metadataKey": "own", "language": language}, {"metadataKey": "standard"}]
    index = new_index(
        vectors={"key": ([1, 0], {"own": text, "standard": text})},
        metadataConfiguration={"textSearchConfigurations": searched},
    )

    assert keys(query(s3vectors, index, {"own": words})) == ["key"]
    assert keys(query(s3vectors, index, {"standard": words})) == []


@pytest.mark.parametrize(
    ("language", "words", "near", "apart"),
    [("ja", "京都", "京都に行きました", "東京と都内"), ("zh", "北京", "我喜欢北京烤鸭", "北方的京城")],
)
def test_texts_without_spaces_are_found_by_neighbouring_characters(
    s3vectors: Any, new_index: Callable[..., str], language: str, words: str, near: str, apart: str
) -> None:
    """The standard analyzer, which takes each character for a word, finds those that are apart too."""
    searched = [{"metadataKey": "own", "language": language}, {"metadataKey": "standard"}]
    index = new_index(
        vectors={
            "near": ([1, 0], {"own": near, "standard": near}),
            "apart": ([1, 0], {"own": apart, "standard": apart}),
        },
        metadataConfiguration={"textSearchConfigurations": searched},
    )

    assert keys(query(s3vectors, index, {"own": words})) == ["near"]
    assert sorted(keys(query(s3vectors, index, {"standard": words}))) == ["apart", "near"]


def test_scores_of_a_text_query_descend(s3vectors: Any, index: str) -> None:
    """Each result has the BM25 score of its key, and neither a fused score nor a distance."""
    results = query(s3vectors, index, {"title": "red shoes"}, returnScores=True, returnDistance=True)

    scores = [result.pop("scores") for result in results]
    assert results == [{"key": "a"}, {"key": "b"}, {"key": "c"}]
    assert [list(score) for score in scores] == [["bm25Scores"]] * 3
    assert [[part["metadataKey"] for part in score["bm25Scores"]] for score in scores] == [["title"]] * 3
    values = [score["bm25Scores"][0]["score"] for score in scores]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0


def test_a_result_has_scores_of_the_keys_that_it_matched(s3vectors: Any, index: str) -> None:
    """A text that has no word of the query gives no score to its record."""
    results = query(s3vectors, index, {"title": "coat", "body": "walk"}, returnScores=True)

    matched = {r["key"]: [part["metadataKey"] for part in r["scores"]["bm25Scores"]] for r in results}
    assert matched == {"a": ["body"], "b": ["title"], "c": ["title", "body"]}


def test_a_hybrid_query_fuses_the_rankings(s3vectors: Any, index: str) -> None:
    """The ranking by distance and one for each text add up, as 1/(60 + rank), best first."""
    results = query(s3vectors, index, {"title": "red shoes", "body": "winter"}, **ALONG, returnScores=True)

    # Ranks by distance, by title and by body: a 4, 1, none; b 3, 2, 1; c 2, 3, none; d 1, none, none.
    assert {result["key"]: result["scores"]["fused"] for result in results} == pytest.approx(
        {
            "b": 1 / 63 + 1 / 62 + 1 / 61,
            "c": 1 / 62 + 1 / 63,
            "a": 1 / 64 + 1 / 61,
            "d": 1 / 61,
        }
    )
    fused = [result["scores"]["fused"] for result in results]
    assert fused == sorted(fused, reverse=True)


def test_a_hybrid_result_may_come_from_one_side(s3vectors: Any, index: str) -> None:
    """What only the words or only the vector found has no score of the other."""
    results = query(
        s3vectors, index, {"title": "red"}, **ALONG, topK=2, returnScores=True, returnDistance=True
    )

    # By words a before b, by distance d before c: of each side the first.
    by_key = {result["key"]: result for result in results}
    assert set(by_key) == {"a", "d"}
    assert set(by_key["a"]["scores"]) == {"fused", "bm25Scores"}
    assert "distance" not in by_key["a"]
    assert set(by_key["d"]["scores"]) == {"fused", "vectorDistance"}
    assert by_key["d"]["scores"]["vectorDistance"] == by_key["d"]["distance"] == 0


@pytest.mark.parametrize("vector", [{}, ALONG], ids=["text", "hybrid"])
def test_a_filter_holds_for_every_ranking(s3vectors: Any, index: str, vector: dict[str, Any]) -> None:
    """Neither words nor the vector bring back what the filter leaves out."""
    results = query(
        s3vectors, index, {"title": "red shoes"}, **vector, filter={"price": {"$gte": 20, "$lt": 40}}
    )

    assert sorted(keys(results)) == ["b", "c"]


def test_a_filter_changes_no_score(s3vectors: Any, index: str) -> None:
    """A word is as rare as in the whole index, whatever the filter lets through (assumed: AWS does not say)."""
    every = query(s3vectors, index, {"title": "red shoes"}, returnScores=True)
    cheap = query(s3vectors, index, {"title": "red shoes"}, returnScores=True, filter={"price": 20})

    assert cheap == [result for result in every if result["key"] == "b"]


@pytest.mark.parametrize("vector", [{}, ALONG], ids=["text", "hybrid"])
def test_top_k_is_the_most_that_comes(s3vectors: Any, index: str, vector: dict[str, Any]) -> None:
    """However many rankings there are, they end in one list of topK."""
    assert len(query(s3vectors, index, {"title": "red shoes", "body": "walk"}, **vector, topK=2)) == 2


def test_results_carry_what_is_asked_for(s3vectors: Any, index: str) -> None:
    """Without a wish there are keys only; metadata come as they were put."""
    assert query(s3vectors, index, {"title": "hat"}) == [{"key": "d"}]
    assert query(s3vectors, index, {"title": "hat"}, returnMetadata=True) == [
        {"key": "d", "metadata": PRODUCTS["d"][1]}
    ]


def test_return_scores_does_nothing_for_a_vector(s3vectors: Any, index: str) -> None:
    """A query without texts has distances, and no scores."""
    answer = s3vectors.query_vectors(indexArn=index, **ALONG, topK=1, returnScores=True)

    assert answer["vectors"] == [{"key": "d"}]


@pytest.fixture
def many(new_index: Callable[..., str]) -> str:
    """Give an index of 250 texts, each longer than the one before, whose vectors are in the opposite order."""
    vectors = {
        f"key-{number:03}": ([1.0, 250.0 - number], {"text": "red" + " word" * number})
        for number in range(250)
    }
    return new_index(
        vectors=vectors, metadataConfiguration={"textSearchConfigurations": [{"metadataKey": "text"}]}
    )


def test_text_results_come_in_pages(s3vectors: Any, many: str) -> None:
    """A paginator drains topK results, best first on every page, each with its scores."""
    results = query(s3vectors, many, {"text": "red"}, topK=230, returnScores=True)

    assert keys(results) == [f"key-{number:03}" for number in range(230)]
    assert all(result["scores"]["bm25Scores"] for result in results)


def test_hybrid_results_come_in_pages(s3vectors: Any, many: str) -> None:
    """All records come once, when each ranking has all of them."""
    results = query(s3vectors, many, {"text": "red"}, **ALONG, topK=250)

    assert sorted(keys(results)) == [f"key-{number:03}" for number in range(250)]


@pytest.mark.parametrize(
    "change",
    [
        {"queryTexts": [{"metadataKey": "text", "text": "word"}]},
        {"queryTexts": [{"metadataKey": "text", "text": "red"}], **ALONG},
        {"returnScores": True},
    ],
    ids=["text", "vector", "scores"],
)
def test_a_token_is_good_for_its_texts_only(s3vectors: Any, many: str, change: dict[str, Any]) -> None:
    """A page of other texts, or with other scores, cannot be asked for."""
    request = {"indexArn": many, "queryTexts": [{"metadataKey": "text", "text": "red"}], "topK": 150}
    token = s3vectors.query_vectors(**request)["nextToken"]

    with pytest.raises(s3vectors.exceptions.ValidationException, match="Invalid page token"):
        s3vectors.query_vectors(**request | change, nextToken=token)
