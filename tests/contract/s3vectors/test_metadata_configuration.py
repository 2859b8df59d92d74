"""UpdateMetadataConfiguration, and which texts a query may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

BOOKS = {
    "a": ([1.0, 0.0], {"title": "red shoes", "body": "walk far"}),
    "b": ([0.0, 1.0], {"title": "blue hat", "body": "red feather"}),
    "c": ([1.0, 1.0], {"title": 7}),
}


@pytest.fixture
def index(new_index: Callable[..., str]) -> str:
    """Give an index of books whose titles can be searched."""
    configuration = {"textSearchConfigurations": [{"metadataKey": "title", "language": "en"}]}
    return new_index(vectors=BOOKS, metadataConfiguration=configuration)


def found(s3vectors: Any, index: str, **texts: str) -> list[str]:
    """Return the keys that a query by words finds."""
    query = [{"metadataKey": key, "text": text} for key, text in texts.items()]
    answer = s3vectors.query_vectors(indexArn=index, queryTexts=query, topK=10)
    return [vector["key"] for vector in answer["vectors"]]


def update(s3vectors: Any, index: str, **change: Any) -> Any:
    """Add or delete text search configurations."""
    return s3vectors.update_metadata_configuration(
        indexArn=index, **{name: {"textSearchConfigurations": value} for name, value in change.items()}
    )


def configured(s3vectors: Any, index: str) -> list[dict[str, str]]:
    """Return what GetIndex says about text search."""
    described = s3vectors.get_index(indexArn=index)["index"]
    configurations: list[dict[str, str]] = described.get("metadataConfiguration", {}).get(
        "textSearchConfigurations", []
    )
    return configurations


def test_a_key_that_is_added_finds_what_is_there_already(s3vectors: Any, index: str) -> None:
    """The new configuration is ACTIVE at once, and the answer is the index's ARN."""
    answer = update(s3vectors, index, add=[{"metadataKey": "body"}])

    assert answer["indexArn"] == index
    assert configured(s3vectors, index) == [
        {"metadataKey": "title", "language": "en", "status": "ACTIVE"},
        {"metadataKey": "body", "status": "ACTIVE"},
    ]
    assert found(s3vectors, index, body="red") == ["b"]


def test_a_key_that_is_deleted_is_not_searched_any_more(s3vectors: Any, index: str) -> None:
    """GetIndex forgets it; the metadata stay."""
    update(s3vectors, index, delete=[{"metadataKey": "title"}])

    assert "metadataConfiguration" not in s3vectors.get_index(indexArn=index)["index"]
    with pytest.raises(s3vectors.exceptions.ValidationException, match="'title' is not configured"):
        found(s3vectors, index, title="red")


def test_texts_follow_their_records(s3vectors: Any, index: str) -> None:
    """A text is found from its put to its delete, and a record without text is never found."""
    assert found(s3vectors, index, title="red") == ["a"]
    changed = {"key": "b", "data": {"float32": [0, 1]}, "metadata": {"title": "red gloves of wool"}}
    emptied = {"key": "a", "data": {"float32": [0, 1]}}
    s3vectors.put_vectors(indexArn=index, vectors=[changed])
    assert set(found(s3vectors, index, title="red")) == {"a", "b"}
    s3vectors.put_vectors(indexArn=index, vectors=[emptied])
    assert found(s3vectors, index, title="red") == ["b"]
    s3vectors.delete_vectors(indexArn=index, keys=["b"])
    assert found(s3vectors, index, title="red 7") == []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({}, "ValidationException", "Must specify either add or delete but not both"),
        (
            {"add": [{"metadataKey": "x"}], "delete": [{"metadataKey": "title"}]},
            "ValidationException",
            "Must specify either add or delete but not both",
        ),
        ({"add": [{"metadataKey": "title"}]}, "ConflictException", "'title' already exists"),
        (
            {"add": [{"metadataKey": "x"}, {"metadataKey": "x"}]},
            "ValidationException",
            "at most one configuration per metadataKey",
        ),
        (
            {"add": [{"metadataKey": f"k{number}"} for number in range(10)]},
            "ValidationException",
            "at most 10 textSearchConfigurations, got 11",
        ),
        ({"add": [{"metadataKey": "x", "language": "xx"}]}, "ValidationException", "enum value set"),
        ({"add": [{"metadataKey": "x" * 64}]}, "ValidationException", "between 1 and 63"),
        (
            {"delete": [{"metadataKey": "title"}, {"metadataKey": "absent"}]},
            "ValidationException",
            "'absent' is not configured",
        ),
    ],
    ids=str,
)
def test_a_wrong_change_is_refused_as_a_whole(
    s3vectors: Any, index: str, change: dict[str, Any], error: str, message: str
) -> None:
    """Nothing changes when a part of the request is wrong."""
    before = configured(s3vectors, index)

    with pytest.raises(getattr(s3vectors.exceptions, error), match=message):
        update(s3vectors, index, **change)
    assert configured(s3vectors, index) == before


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([("body", "red")], "Metadata key 'body' is not configured for text search"),
        ([("title", "red"), ("title", "blue")], "at most one entry per metadataKey"),
        ([("title", "x" * 1025)], "with length 1025 at '/queryTexts/0/text'"),
        ([(f"k{number}", "red") for number in range(11)], "with length 11 at '/queryTexts'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_query_that_the_index_cannot_answer_is_refused(
    s3vectors: Any, index: str, texts: list[tuple[str, str]], message: str
) -> None:
    """One to ten different keys that are configured, with texts of 1,024 characters at most."""
    query = [{"metadataKey": key, "text": text} for key, text in texts]

    with pytest.raises(s3vectors.exceptions.ValidationException, match=message):
        s3vectors.query_vectors(indexArn=index, queryTexts=query, topK=1)
