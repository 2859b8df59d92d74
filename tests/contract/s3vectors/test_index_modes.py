"""CLASSIC and ENHANCED: who may have which, and how CLASSIC answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = {
    f"v{number:02}": ([float(number), 1.0], {"number": number, "name": f"n{number}"}) for number in range(40)
}
LAST = {"number": {"$gte": 30}}


@pytest.fixture
def classic_bucket(bucket: str) -> str:
    """Give a bucket that counts as made before 2026-09-30."""
    backend = s3vectors_backends[DEFAULT_ACCOUNT_ID]["us-west-2"]
    backend.make_classic(backend.get_vector_bucket(bucket))
    return bucket


@pytest.fixture
def classic_index(classic_bucket: str, new_index: Callable[..., str]) -> str:
    """Give a CLASSIC index of points on a line."""
    assert classic_bucket
    return new_index(metric="euclidean", vectors=LINE)


def keys(s3vectors: Any, index: str, **request: Any) -> list[str]:
    """Return the keys that a query from the beginning of the line finds."""
    request = {"indexArn": index, "queryVector": {"float32": [0, 1]}, "topK": 2, **request}
    return [vector["key"] for vector in s3vectors.query_vectors(**request)["vectors"]]


def test_an_old_bucket_has_classic_indexes_until_it_is_told_otherwise(
    s3vectors: Any, classic_bucket: str, new_index: Callable[..., str]
) -> None:
    """The default of the bucket is for indexes to come; those that exist keep their mode."""
    before = new_index()
    s3vectors.put_vector_bucket_default_index_mode(
        vectorBucketName=classic_bucket, defaultIndexMode="ENHANCED"
    )
    after = new_index()

    modes = [s3vectors.get_index(indexArn=index)["index"]["indexMode"] for index in (before, after)]
    assert modes == ["CLASSIC", "ENHANCED"]
    described = s3vectors.get_vector_bucket(vectorBucketName=classic_bucket)["vectorBucket"]
    assert described["defaultIndexMode"] == "ENHANCED"


def test_an_index_of_an_old_bucket_changes_its_mode_and_back(s3vectors: Any, classic_index: str) -> None:
    """UpdateIndexMode works both ways, in place."""
    for mode in ("ENHANCED", "CLASSIC"):
        s3vectors.update_index_mode(indexArn=classic_index, indexMode=mode)
        assert s3vectors.get_index(indexArn=classic_index)["index"]["indexMode"] == mode
    assert keys(s3vectors, classic_index) == ["v00", "v01"]


def test_an_index_of_a_new_bucket_is_enhanced_for_ever(
    s3vectors: Any, bucket: str, new_index: Callable[..., str]
) -> None:
    """Neither the index nor the default of its bucket can be CLASSIC; ENHANCED is no change and no error."""
    index = new_index()

    with pytest.raises(
        s3vectors.exceptions.ValidationException, match=": indexMode cannot be set to CLASSIC because"
    ):
        s3vectors.update_index_mode(indexArn=index, indexMode="CLASSIC")
    with pytest.raises(
        s3vectors.exceptions.ValidationException,
        match=": defaultIndexMode cannot be set to CLASSIC because",
    ):
        s3vectors.put_vector_bucket_default_index_mode(vectorBucketName=bucket, defaultIndexMode="CLASSIC")
    s3vectors.update_index_mode(indexArn=index, indexMode="ENHANCED")
    s3vectors.put_vector_bucket_default_index_mode(vectorBucketName=bucket, defaultIndexMode="ENHANCED")
    assert s3vectors.get_index(indexArn=index)["index"]["indexMode"] == "ENHANCED"


def test_classic_filters_what_is_nearest(s3vectors: Any, classic_index: str) -> None:
    """Matches that are far away are not reached, so that there are fewer results than topK."""
    assert keys(s3vectors, classic_index, filter=LAST) == []
    assert keys(s3vectors, classic_index, filter={"number": {"$gte": 9}}) == ["v09"]
    assert keys(s3vectors, classic_index, filter={"number": {"$gte": 5}}) == ["v05", "v06"]


def test_one_query_may_be_enhanced_on_a_classic_index(s3vectors: Any, classic_index: str) -> None:
    """With queryMode=ENHANCED the filter comes first, and the index stays CLASSIC."""
    assert keys(s3vectors, classic_index, filter=LAST, queryMode="ENHANCED") == ["v30", "v31"]
    assert keys(s3vectors, classic_index, filter=LAST, queryMode="CLASSIC") == []
    assert s3vectors.get_index(indexArn=classic_index)["index"]["indexMode"] == "CLASSIC"


def test_classic_has_no_starts_with(s3vectors: Any, classic_index: str) -> None:
    """$startsWith is refused, and allowed when the query is ENHANCED."""
    prefix = {"name": {"$startsWith": "n3"}}

    with pytest.raises(s3vectors.exceptions.ValidationException, match="startsWith"):
        keys(s3vectors, classic_index, filter={"$and": [prefix]})
    assert keys(s3vectors, classic_index, filter=prefix, queryMode="ENHANCED") == ["v03", "v30"]


def test_classic_does_not_count_constraints(s3vectors: Any, classic_index: str) -> None:
    """The limit of 100 is ENHANCED's."""
    many = {"number": {"$in": list(range(101))}}

    assert keys(s3vectors, classic_index, filter=many) == ["v00", "v01"]
    with pytest.raises(s3vectors.exceptions.ValidationException, match="at most 100 constraints"):
        keys(s3vectors, classic_index, filter=many, queryMode="ENHANCED")


def test_classic_has_no_text_search(
    s3vectors: Any, classic_index: str, new_index: Callable[..., str]
) -> None:
    """It can neither be configured nor asked for, also not by a query that is ENHANCED."""
    configuration = {"textSearchConfigurations": [{"metadataKey": "name"}]}

    with pytest.raises(s3vectors.exceptions.ValidationException, match="when indexMode is CLASSIC"):
        new_index(metadataConfiguration=configuration)
    with pytest.raises(s3vectors.exceptions.ValidationException, match="only when indexMode is ENHANCED"):
        s3vectors.update_metadata_configuration(indexArn=classic_index, add=configuration)
    with pytest.raises(s3vectors.exceptions.ValidationException, match="when indexMode is CLASSIC"):
        s3vectors.query_vectors(
            indexArn=classic_index,
            queryTexts=[{"metadataKey": "name", "text": "n1"}],
            topK=1,
            queryMode="ENHANCED",
        )


def test_an_index_with_text_search_stays_enhanced(s3vectors: Any, classic_index: str) -> None:
    """Its configurations have to be deleted before it can be CLASSIC again."""
    s3vectors.update_index_mode(indexArn=classic_index, indexMode="ENHANCED")
    s3vectors.update_metadata_configuration(
        indexArn=classic_index, add={"textSearchConfigurations": [{"metadataKey": "name"}]}
    )

    with pytest.raises(s3vectors.exceptions.ValidationException, match="has textSearchConfigurations"):
        s3vectors.update_index_mode(indexArn=classic_index, indexMode="CLASSIC")
    s3vectors.update_metadata_configuration(
        indexArn=classic_index, delete={"textSearchConfigurations": [{"metadataKey": "name"}]}
    )
    s3vectors.update_index_mode(indexArn=classic_index, indexMode="CLASSIC")
