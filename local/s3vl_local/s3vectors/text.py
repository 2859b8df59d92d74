"""Full-text search: words, BM25 scores, and the fusion of several rankings into one (facts, section 6).

AWS documents that texts are scored by BM25 and fused by reciprocal rank, and leaves out the rest. Assumed
here are the constants below, that a text matches with any word of the query, that no word is too common to
count, and that a word is as rare as it is in the whole index, whatever a filter lets through. So orders are
worth testing against, and the figures of scores are not.
"""

from __future__ import annotations

import functools
import math
import unicodedata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import regex
import snowballstemmer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Analyzer = Callable[[str], list[str]]

BM25_K1 = 1.2
BM25_B = 0.75
RRF_K = 60

STEMMERS = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
BIGRAM_LANGUAGES = {"ja", "ko", "zh"}
STEMS_KEPT = 100_000

# With the flag WORD, \b is the word boundary of Unicode (UAX #29): "can't" and "3.14" are one word each.
_WORD = regex.compile(r"\b\w.*?\b", regex.WORD | regex.DOTALL)
# The mark of a long vowel belongs to no script.
_EAST_ASIAN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}ー]+")


class TextIndex:
    """The texts of one metadata key, scored by their words. Whoever uses it holds the lock of its index."""

    def __init__(self, language: str | None) -> None:
        self._analyze = _analyzer(language)
        self._words: dict[str, list[str]] = {}
        self._counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._total_words = 0

    def put(self, key: str, text: str) -> None:
        """Add a text, or replace that of the same key; one without words is as good as none."""
        self.delete(key)
        words = self._analyze(text)
        if not words:
            return
        self._words[key] = words
        self._total_words += len(words)
        for word, count in Counter(words).items():
            self._counts[word][key] = count

    def delete(self, key: str) -> None:
        """Remove a text; a key that is not there is no error."""
        words = self._words.pop(key, [])
        self._total_words -= len(words)
        for word in set(words):
            del self._counts[word][key]
            if not self._counts[word]:
                del self._counts[word]

    def scores(self, query: str, allowed: Collection[str] | None = None) -> dict[str, float]:
        """Return the BM25 score of every text that has a word of the query; of the allowed keys, if given."""
        allowed_keys = None if allowed is None else set(allowed)
        average_length = self._total_words / max(len(self._words), 1)
        scores: defaultdict[str, float] = defaultdict(float)
        for word in self._analyze(query):
            counts = self._counts.get(word, {})
            rarity = math.log(1 + (len(self._words) - len(counts) + 0.5) / (len(counts) + 0.5))
            for key, count in counts.items():
                if allowed_keys is None or key in allowed_keys:
                    length = len(self._words[key]) / average_length
                    saturation = count + BM25_K1 * (1 - BM25_B + BM25_B * length)
                    scores[key] += rarity * count * (BM25_K1 + 1) / saturation
        return dict(scores)


def fuse(rankings: list[list[str]]) -> list[tuple[str, float]]:
    """Return the keys of all rankings with their fused scores, best first; ties are in the order of keys."""
    shares: defaultdict[str, list[float]] = defaultdict(list)
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            shares[key].append(1 / (RRF_K + rank))
    # Summed exactly: the same ranks are a tie, whichever ranking they come from.
    fused = [(key, math.fsum(parts)) for key, parts in shares.items()]
    return sorted(fused, key=lambda item: (-item[1], item[0]))


def _analyzer(language: str | None) -> Analyzer:
    """Return what makes words of a text in a language; without one, the standard analyzer."""
    if language is None:
        return _words
    if language in BIGRAM_LANGUAGES:
        return _bigrams
    # A stemmer has state, so each index has its own; and it is slow, so it sees a word only once.
    stem = functools.lru_cache(STEMS_KEPT)(snowballstemmer.stemmer(STEMMERS[language]).stemWord)
    return lambda text: [stem(word) for word in _words(text)]


def _words(text: str) -> list[str]:
    return _found_words(_normalized(text))


def _bigrams(text: str) -> list[str]:
    """Return each two neighbours among East Asian characters, which write no spaces, and other words whole."""
    text = _normalized(text)
    pairs = [
        run[start : start + 2] for run in _EAST_ASIAN.findall(text) for start in range(max(len(run) - 1, 1))
    ]
    return pairs + _found_words(_EAST_ASIAN.sub(" ", text))


def _found_words(text: str) -> list[str]:
    words: list[str] = _WORD.findall(text)
    return words


def _normalized(text: str) -> str:
    """Return one spelling of what reads the same: accents composed, width, case and apostrophe."""
    return unicodedata.normalize("NFKC", text).lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
