"""What an index does only when it is told to: miss results, build slowly, refuse fast writers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from s3vl_local.s3vectors import write_rate
from s3vl_local.s3vectors.models import s3vectors_backends
from s3vl_local.s3vectors.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = {"data": {"float32": [1.0, 2.0]}}


@pytest.fixture
def change_settings() -> Callable[..., None]:
    """Change the settings of an index, as PUT /_s3vl/indexes does."""
    backend = s3vectors_backends[DEFAULT_ACCOUNT_ID]["us-west-2"]

    def change(index: str, **document: Any) -> None:
        backend.change_settings(backend.get_index(None, None, index), read_settings(document))

    return change


def test_a_text_search_can_be_building(
    s3vectors: Any, new_index: Callable[..., str], change_settings: Callable[..., None]
) -> None:
    """While it builds, GetIndex says so and queries are refused; both for old keys and for new ones."""
    index = new_index(metadataConfiguration={"textSearchConfigurations": [{"metadataKey": "title"}]})
    change_settings(index, building_seconds=3600)
    s3vectors.update_metadata_configuration(
        indexArn=index, add={"textSearchConfigurations": [{"metadataKey": "body"}]}
    )

    def statuses() -> list[str]:
        described = s3vectors.get_index(indexArn=index)["index"]["metadataConfiguration"]
        return [key["status"] for key in described["textSearchConfigurations"]]

    assert statuses() == ["BUILDING", "BUILDING"]
    query = {"indexArn": index, "queryTexts": [{"metadataKey": "body", "text": "red"}], "topK": 1}
    with pytest.raises(s3vectors.exceptions.ValidationException, match="'body' is BUILDING"):
        s3vectors.query_vectors(**query)
    change_settings(index, building_seconds=0)
    assert statuses() == ["ACTIVE", "ACTIVE"]
    assert s3vectors.query_vectors(**query)["vectors"] == []


def test_fast_writers_can_be_refused(
    s3vectors: Any,
    new_index: Callable[..., str],
    change_settings: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More than 2,500 vectors at once are too many, of puts and deletes together; then nothing is written."""
    # All at once, however slow this machine is: the emulator is in this process, and its clock stands still.
    monkeypatch.setattr(write_rate, "time", SimpleNamespace(monotonic=lambda: 0.0))
    index = new_index()
    records = [{"key": f"v{number}", **RECORD} for number in range(500)]
    keys = [record["key"] for record in records]
    change_settings(index, write_rate=True)

    for _ in range(4):
        s3vectors.put_vectors(indexArn=index, vectors=records)
    s3vectors.delete_vectors(indexArn=index, keys=keys)
    with pytest.raises(s3vectors.exceptions.TooManyRequestsException):
        s3vectors.put_vectors(indexArn=index, vectors=records)
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == []
    with pytest.raises(s3vectors.exceptions.TooManyRequestsException):
        s3vectors.delete_vectors(indexArn=index, keys=keys)
    monkeypatch.setattr(write_rate, "time", SimpleNamespace(monotonic=lambda: 0.2))
    s3vectors.put_vectors(indexArn=index, vectors=records)
    change_settings(index)
    for _ in range(6):
        s3vectors.put_vectors(indexArn=index, vectors=records)
    assert len(s3vectors.list_vectors(indexArn=index)["vectors"]) == 500


def test_an_index_can_be_approximate(
    s3vectors: Any, new_index: Callable[..., str], change_settings: Callable[..., None]
) -> None:
    """It misses neighbours and fills up with farther ones; with a filter there may be too few of those."""
    vectors = {f"v{number:03}": ([1.0, number / 100], {"number": number}) for number in range(100)}
    index = new_index(vectors=vectors)
    query = {"indexArn": index, "queryVector": {"float32": [1, 0]}, "topK": 20, "returnDistance": True}

    def keys(**options: Any) -> list[str]:
        return [vector["key"] for vector in s3vectors.query_vectors(**query, **options)["vectors"]]

    exact = keys()
    change_settings(index, approximation={"recall": 0.7, "seed": 1})
    assert len(keys()) == 20
    assert keys() != exact
    assert keys() == keys()
    assert 0 < len(keys(filter={"number": {"$lt": 20}})) < 20
    change_settings(index)
    assert keys() == exact


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the settings of an index: an object is needed"),
        ({"delay": 1}, "there is no 'delay'; there may be approximation, building_seconds, write_rate"),
        ({"building_seconds": -1}, "building_seconds must be a number from 0 to 86400, got -1"),
        ({"building_seconds": True}, "building_seconds must be a number"),
        ({"write_rate": 1}, "write_rate must be true or false, got 1"),
        ({"approximation": True}, "an approximation: an object is needed"),
        ({"approximation": {"loss": 1}}, "there is no 'loss'; there may be recall, distance_noise, seed"),
        ({"approximation": {"recall": 1.5}}, "recall must be a number from 0 to 1, got 1.5"),
        ({"approximation": {"distance_noise": "x"}}, "distance_noise must be a number"),
        ({"approximation": {"seed": 0.5}}, "seed must be an integer, got 0.5"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_with_a_reason(document: Any, message: str) -> None:
    """The error names the setting, its value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        read_settings(document)
