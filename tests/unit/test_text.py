"""Full-text search of the emulator: words in each language, BM25, and the fusion of rankings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3vl_local.s3vectors.text import TextIndex, fuse


def finds(language: str | None, text: str, query: str) -> bool:
    """Tell whether a text, alone in an index of this language, is found by a query."""
    index = TextIndex(language)
    index.put("key", text)
    return "key" in index.scores(query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param("Red SHOES", "shoes", id="capitals"),
        pytest.param("red shoes", "blue shoes", id="one word of several"),
        pytest.param("shoes, size 42!", "42", id="punctuation around"),
        pytest.param("blue-green", "green", id="hyphens separate"),
        pytest.param("I can't", "CAN\u2019T", id="either apostrophe"),
        pytest.param("about 3.14", "3.14", id="decimal point"),
        pytest.param("cafe\u0301", "café", id="combining mark and composed letter"),
        pytest.param("Straße", "STRAẞE", id="capital sharp s"),
        pytest.param("İstanbul", "i\u0307stanbul", id="dotted capital I"),
        pytest.param("ΟΔΟΣ", "οδος", id="final sigma"),
        pytest.param("Привет, мир", "МИР", id="Cyrillic"),
        pytest.param("हिन्दी भाषा", "भाषा", id="vowel signs stay in their word"),
        pytest.param("ﾀﾜｰ", "タワー", id="half width"),
        pytest.param("great👍🏽shoes", "shoes", id="emoji separate"),
        pytest.param("東京 tower タワー", "タワー", id="mixed scripts"),
    ],
)
def test_the_standard_analyzer_finds(text: str, query: str) -> None:
    """Words are those of Unicode, in any case and any of their encodings."""
    assert finds(None, text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param("shoes", "shoe", id="no stemming"),
        pytest.param("shoemaker", "shoe", id="no parts of words"),
        pytest.param("about 3.14", "3", id="no parts of numbers"),
        pytest.param("cafe", "café", id="accents differ"),
        pytest.param("Straße", "strasse", id="sharp s is a letter"),
        pytest.param("👍", "👍", id="emoji are no words"),
        pytest.param("red shoes", "", id="empty query"),
        pytest.param("red shoes", "?!", id="query without words"),
        pytest.param("", "red", id="empty text"),
    ],
)
def test_the_standard_analyzer_does_not_find(text: str, query: str) -> None:
    """Words that differ in a letter are other words, and what has no word is never found."""
    assert not finds(None, text, query)


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("de", "zwei Häuser", "haus"),
        ("de", "Straße", "STRASSE"),
        ("en", "running shoes", "run shoe"),
        ("en", "the dog\u2019s bone", "dogs"),
        ("es", "está corriendo", "correr"),
        ("fr", "les chevaux", "cheval"),
        ("fr", "l\u2019été", "été"),
        ("it", "dell'arte", "arte"),
        ("nl", "drie huizen", "huis"),
        ("pt", "estão correndo", "correr"),
    ],
)
def test_stemming_finds_other_forms_of_a_word(language: str, text: str, query: str) -> None:
    """Each European language finds inflected words, which the standard analyzer does not."""
    assert finds(language, text, query)
    assert not finds(None, text, query)


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("zh", "我喜欢北京烤鸭", "北京"),
        ("ja", "東京タワーに行きました", "タワー"),
        ("ja", "ﾀﾜｰ", "タワー"),
        ("ko", "서울에서 만나요", "서울"),
        ("ko", "LG전자", "lg"),
        ("ko", "LG전자", "전자"),
        ("zh", "买iPhone手机", "iphone"),
        ("zh", "鸭", "鸭"),
    ],
)
def test_bigrams_find_words_in_texts_without_spaces(language: str, text: str, query: str) -> None:
    """Two neighbouring characters are enough, and words of other scripts stay whole."""
    assert finds(language, text, query)


def test_bigrams_do_not_find_characters_apart() -> None:
    """A pair of characters is found as neighbours only."""
    assert not finds("zh", "北方的京城", "北京")


Texts = dict[str, str]

WORDS = st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join)
KEYS = st.sampled_from(["k1", "k2", "k3", "k4", "k5"])
# A write puts a text, or deletes the key when there is none.
WRITES = st.lists(st.tuples(KEYS, st.one_of(st.none(), WORDS)), max_size=30)


def bm25(texts: Texts, query: str) -> dict[str, float]:
    """Compute scores from the textbook's formula, reading every text for every word."""
    words = {key: text.split() for key, text in texts.items() if text.split()}
    average = sum(len(text) for text in words.values()) / len(words) if words else 0
    scores: dict[str, float] = {}
    for key, text in words.items():
        for word in query.split():
            count, holders = text.count(word), sum(word in other for other in words.values())
            if count:
                idf = math.log((len(words) - holders + 0.5) / (holders + 0.5) + 1)
                tf = count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(text) / average))
                scores[key] = scores.get(key, 0) + idf * tf
    return scores


@given(writes=WRITES, query=WORDS, allowed=st.one_of(st.none(), st.lists(KEYS)))
def test_scores_equal_those_of_the_formula(
    writes: list[tuple[str, str | None]], query: str, allowed: list[str] | None
) -> None:
    """After any writes scores are those of the texts that remain; a filter leaves out texts and changes no score."""
    index, texts = TextIndex(None), Texts()
    for key, text in writes:
        if text is None:
            index.delete(key)
            texts.pop(key, None)
        else:
            index.put(key, text)
            texts[key] = text

    expected = bm25(texts, query)
    if allowed is not None:
        expected = {key: score for key, score in expected.items() if key in allowed}
    scores = index.scores(query, allowed)
    assert scores == pytest.approx(expected)
    assert all(score > 0 for score in scores.values())


@given(writes=WRITES)
def test_deleted_texts_leave_nothing_behind(writes: list[tuple[str, str | None]]) -> None:
    """An index whose texts are all gone is as small as a new one."""
    index = TextIndex(None)
    for key, text in writes:
        index.put(key, text or "")
    for key, _ in writes:
        index.delete(key)

    assert (index._words, index._counts, index._total_words) == ({}, {}, 0)


def test_rare_words_count_more() -> None:
    """The text with the rarer word of the query comes first."""
    index = TextIndex(None)
    for number in range(8):
        index.put(f"common-{number}", "red shoes")
    index.put("rare", "crimson shoes")

    scores = index.scores("red crimson")
    assert max(scores, key=scores.__getitem__) == "rare"


def test_fusion_adds_reciprocal_ranks() -> None:
    """A key scores 1/(60 + rank) for each ranking that it is in."""
    assert fuse([["a", "b"], ["c", "a"]]) == [
        ("a", pytest.approx(1 / 61 + 1 / 62)),
        ("c", 1 / 61),
        ("b", 1 / 62),
    ]


def test_keys_of_equal_ranks_are_in_the_order_of_keys() -> None:
    """The same ranks in different rankings are a tie, to the last digit."""
    fused = fuse([["z", "m", "a"], ["m", "a", "z"], ["a", "z", "m"]])

    assert [key for key, _ in fused] == ["a", "m", "z"]
    assert len({score for _, score in fused}) == 1


@pytest.mark.parametrize("rankings", [[], [[]], [[], []]])
def test_nothing_fuses_to_nothing(rankings: list[list[str]]) -> None:
    """Rankings without keys give no results."""
    assert fuse(rankings) == []
