"""The embedding model: the words of BERT's tokenizer, and the similarities of the original."""

from __future__ import annotations

import numpy as np
import pytest

minilm = pytest.importorskip(
    "s3vl_local.minilm", reason="no model: make test installs it", exc_type=ImportError
)

# Of the original, all-MiniLM-L6-v2 in 4-byte floats, from which int8 may differ by 0.007.
SIMILARITIES = [
    ("database for storing vectors", "Vector embeddings represent text as dense numerical vectors.", 0.403),
    ("something for exercise", "Non-slip exercise mat for yoga and pilates", 0.330),
    ("fitness gear", "Fitness tracker with heart rate monitor and GPS", 0.398),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, World!", "hello , world !"),
        ("pgvector  stores\tembeddings", "pg ##ve ##ctor stores em ##bed ##ding ##s"),
        ("Crème Brûlée costs $5", "cr ##eme br ##ule ##e costs $ 5"),
        ("大学search", "大 学 search"),
        ("", ""),
        ("x" * 101, "[UNK]"),
    ],
)
def test_texts_become_the_tokens_of_bert(text: str, tokens: str) -> None:
    """Case, accents, punctuation, ideographs and long words are taken as the tokenizer of BERT takes them."""
    assert " ".join(minilm._tokens(text)) == tokens


@pytest.mark.parametrize(("one", "other", "similarity"), SIMILARITIES)
def test_similarities_are_those_of_the_model(one: str, other: str, similarity: float) -> None:
    """The int8 export gives the cosines of the original."""
    first, second = minilm.embed([one, other])

    assert float(first @ second) == pytest.approx(similarity, abs=0.007)


def test_vectors_have_length_1_and_do_not_depend_on_their_neighbours() -> None:
    """A text gives the same vector alone and among others; texts longer than the model takes are cut."""
    texts = ["tea", "a longer text about coffee", "word " * 1000]
    vectors = minilm.embed(texts)

    assert vectors.shape == (3, minilm.DIMENSION)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-6)
    assert (vectors[1] == minilm.embed(texts[1:2])[0]).all()
    assert (vectors[2] == minilm.embed(["word " * 254])[0]).all()
    assert minilm.embed([]).shape == (0, minilm.DIMENSION)


def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is not the one that is known is not loaded, and one that is missing is told how to get."""
    package, path, _ = minilm._FILES["vocabulary"]
    monkeypatch.setitem(minilm._FILES, "vocabulary", (package, path, "0" * 64))
    with pytest.raises(minilm.ModelError, match="install the pinned version"):
        minilm._file("vocabulary")
    monkeypatch.setitem(minilm._FILES, "vocabulary", ("no-such-package", path, ""))
    with pytest.raises(minilm.ModelError, match="make notebook"):
        minilm._file("vocabulary")
