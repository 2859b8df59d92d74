"""What the cases find when they begin: one bucket per run with these indexes.

Cases only read them, but for the scratch indexes, in which each case writes keys of its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = "<bucket>"
BUCKET_ARN = "<arn>"
NO_BUCKET_ARN = "<arn>-none"

MAIN = "<arn>/index/main"
SCRATCH = "<arn>/index/scratch"
SCRATCH_EUCLIDEAN = "<arn>/index/scratch-euclidean"
DIRECTIONS = "<arn>/index/directions"
PLACES = "<arn>/index/places"
FILTERS = "<arn>/index/filters"
NUMBERED = "<arn>/index/numbered"
TEXTS = "<arn>/index/texts"
NONE = "<arn>/index/none"
# In a bucket that counts as made before 2026-09-30; there is none on AWS.
CLASSIC = "<arn>-classic/index/line"

VECTOR = {"float32": [1.0, 2.0, 3.0, 4.0, 5.0]}

Vectors = dict[str, tuple[list[float], dict[str, Any]]]

DIRECTION_VECTORS: Vectors = {
    "same": ([3, 0], {"n": 1}),
    "diagonal": ([5, 5], {}),
    "orthogonal": ([0, 4], {}),
    "opposite": ([-3, 0], {}),
}
PLACE_VECTORS: Vectors = {"near": ([3, 4], {}), "far": ([8, 15], {})}
# Their distances to (1, 0) differ by more than an approximate index errs, so their order is certain.
FILTER_VECTORS: Vectors = {
    "red": ([1, 0.0], {"colour": "red", "n": 1, "ok": True, "tags": ["new", "sale"]}),
    "green": ([1, 0.5], {"colour": "green", "n": 2.5, "ok": False, "tags": ["old"]}),
    "blue": ([1, 1.0], {"colour": "blue", "n": -3, "numbers": [1, 5, 9]}),
    "odd": ([1, 2.0], {"a.b": "dotted", "": "nameless", "n": "1", "ok": "true", "größe": "é"}),
    "bare": ([1, 9.0], {}),
}
NUMBERED_VECTORS: Vectors = {
    f"key-{number:03}": ([1, number / 50], {"even": number % 2 == 0}) for number in range(250)
}
TEXT_VECTORS: Vectors = {
    "shoes": ([1, 0.0], {"title": "Red running shoes", "body": "Light shoes for long runs", "n": 1}),
    "boots": ([1, 0.5], {"title": "Brown walking boots", "body": "Heavy", "n": 2}),
    "hat": ([1, 1.0], {"title": "Red hat", "body": "Goes with red shoes", "n": 3}),
}


LINE_VECTORS: Vectors = {
    str(number): ([float(number), 1.0], {"n": number, "name": f"number {number}"}) for number in range(10)
}


def add_index(
    client: Any,
    bucket: str,
    name: str,
    vectors: Vectors,
    dimension: int = 2,
    metric: str = "cosine",
    **configuration: Any,
) -> None:
    """Create an index with these vectors."""
    extra = {"metadataConfiguration": configuration} if configuration else {}
    client.create_index(
        vectorBucketName=bucket,
        indexName=name,
        dataType="float32",
        dimension=dimension,
        distanceMetric=metric,
        **extra,
    )
    records = [
        {"key": key, "data": {"float32": vector}, "metadata": metadata}
        for key, (vector, metadata) in vectors.items()
    ]
    if records:
        client.put_vectors(vectorBucketName=bucket, indexName=name, vectors=records)


def prepare(client: Any, bucket: str) -> str:
    """Create the bucket and its indexes, and return the bucket's ARN."""
    arn: str = client.create_vector_bucket(vectorBucketName=bucket)["vectorBucketArn"]
    index = partial(add_index, client, bucket)
    index("main", {"first": (VECTOR["float32"], {})}, dimension=5, nonFilterableMetadataKeys=["note"])
    index("scratch", {}, nonFilterableMetadataKeys=["note"])
    index("scratch-euclidean", {}, metric="euclidean")
    index("directions", DIRECTION_VECTORS)
    index("places", PLACE_VECTORS, metric="euclidean")
    index("filters", FILTER_VECTORS)
    index("numbered", NUMBERED_VECTORS)
    index(
        "texts",
        TEXT_VECTORS,
        nonFilterableMetadataKeys=["body"],
        textSearchConfigurations=[{"metadataKey": "title", "language": "en"}, {"metadataKey": "body"}],
    )
    return arn


def prepare_classic(client: Any, bucket: str, make_classic: Callable[[str], None]) -> None:
    """Create the bucket of the CLASSIC cases; `make_classic` makes it count as an old one."""
    name = f"{bucket}-classic"
    client.create_vector_bucket(vectorBucketName=name)
    make_classic(name)
    add_index(client, name, "line", LINE_VECTORS, metric="euclidean")


def clear(client: Any, bucket: str) -> None:
    """Delete every bucket whose name begins with this one's, with its indexes: cases make such buckets too."""
    buckets = client.get_paginator("list_vector_buckets").paginate(prefix=bucket).build_full_result()
    for item in buckets["vectorBuckets"]:
        name = item["vectorBucketName"]
        indexes = client.get_paginator("list_indexes").paginate(vectorBucketName=name).build_full_result()
        for index in indexes["indexes"]:
            client.delete_index(indexArn=index["indexArn"])
        client.delete_vector_bucket(vectorBucketName=name)
