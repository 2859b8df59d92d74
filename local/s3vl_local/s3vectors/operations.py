"""The operations of S3 Vectors: from the members of a checked request to the members of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from s3vl_local.s3vectors.index import Index
    from s3vl_local.s3vectors.models import S3VectorsBackend, VectorBucket
    from s3vl_local.s3vectors.records import Record

    Members = dict[str, Any]


class Operations:
    """One request, with a method for each operation that it may ask for."""

    def __init__(self, backend: S3VectorsBackend, request: Members) -> None:
        self._backend = backend
        self._request = request

    # Buckets

    def create_vector_bucket(self) -> Members:
        """Create a bucket."""
        return {"vectorBucketArn": self._backend.create_vector_bucket(self._request).arn}

    def get_vector_bucket(self) -> Members:
        """Describe a bucket."""
        return {"vectorBucket": self._bucket().description()}

    def list_vector_buckets(self) -> Members:
        """List the buckets of the region."""
        buckets, token = self._backend.list_vector_buckets(self._request)
        return _page({"vectorBuckets": [bucket.summary() for bucket in buckets]}, token)

    def delete_vector_bucket(self) -> Members:
        """Delete an empty bucket."""
        self._backend.delete_vector_bucket(self._bucket())
        return {}

    def put_vector_bucket_default_index_mode(self) -> Members:
        """Choose the mode of a bucket's indexes to come."""
        self._backend.put_default_index_mode(self._bucket(), self._request["defaultIndexMode"])
        return {}

    def put_vector_bucket_policy(self) -> Members:
        """Keep a bucket's policy."""
        self._backend.put_vector_bucket_policy(*self._bucket_address(), self._request["policy"])
        return {}

    def get_vector_bucket_policy(self) -> Members:
        """Return a bucket's policy."""
        return {"policy": self._backend.get_vector_bucket_policy(*self._bucket_address())}

    def delete_vector_bucket_policy(self) -> Members:
        """Forget a bucket's policy, if there is one."""
        self._backend.delete_vector_bucket_policy(*self._bucket_address())
        return {}

    # Indexes

    def create_index(self) -> Members:
        """Create an index."""
        return {"indexArn": self._backend.create_index(self._bucket(), self._request).arn}

    def get_index(self) -> Members:
        """Describe an index."""
        return {"index": self._index().description()}

    def list_indexes(self) -> Members:
        """List the indexes of a bucket."""
        indexes, token = self._backend.list_indexes(self._bucket(), self._request)
        return _page({"indexes": [index.summary() for index in indexes]}, token)

    def delete_index(self) -> Members:
        """Delete an index and its vectors."""
        self._backend.delete_index(self._index())
        return {}

    def update_index_mode(self) -> Members:
        """Change the mode of an index."""
        self._backend.update_index_mode(self._index(), self._request["indexMode"])
        return {}

    def update_metadata_configuration(self) -> Members:
        """Add or delete text search configurations."""
        index = self._index()
        self._backend.update_metadata_configuration(index, self._request)
        return {"indexArn": index.arn}

    # Vectors

    def put_vectors(self) -> Members:
        """Add or replace vectors."""
        self._backend.put_vectors(self._index(), self._request["vectors"])
        return {}

    def get_vectors(self) -> Members:
        """Return vectors by key."""
        records = self._backend.get_vectors(self._index(), self._request["keys"])
        return {"vectors": [self._vector(record) for record in records]}

    def list_vectors(self) -> Members:
        """List the vectors of an index."""
        records, token = self._backend.list_vectors(self._index(), self._request)
        return _page({"vectors": [self._vector(record) for record in records]}, token)

    def delete_vectors(self) -> Members:
        """Delete vectors by key."""
        self._backend.delete_vectors(self._index(), self._request["keys"])
        return {}

    def query_vectors(self) -> Members:
        """Return the nearest vectors."""
        index = self._index()
        hits, page, token = self._backend.query_vectors(index, self._request)
        vectors: list[Members] = []
        for key, metadata in zip(hits.keys[page], hits.metadata[page], strict=True):
            vector: Members = {"key": key}
            if self._request.get("returnDistance") and key in hits.distances:
                vector["distance"] = hits.distances[key]
            if self._request.get("returnScores") and key in hits.scores:
                vector["scores"] = hits.scores[key]
            if self._request.get("returnMetadata"):
                vector["metadata"] = metadata
            vectors.append(vector)
        return _page({"vectors": vectors, "distanceMetric": index.distance_metric}, token)

    # Tags

    def tag_resource(self) -> Members:
        """Add tags, or change their values."""
        self._backend.tag_resource(self._request["resourceArn"], self._request["tags"])
        return {}

    def untag_resource(self) -> Members:
        """Take tags away."""
        self._backend.untag_resource(self._request["resourceArn"], self._request["tagKeys"])
        return {}

    def list_tags_for_resource(self) -> Members:
        """Return the tags of a bucket or an index."""
        return {"tags": self._backend.list_tags_for_resource(self._request["resourceArn"])}

    def _bucket(self) -> VectorBucket:
        return self._backend.get_vector_bucket(*self._bucket_address())

    def _bucket_address(self) -> tuple[str | None, str | None]:
        return self._request.get("vectorBucketName"), self._request.get("vectorBucketArn")

    def _index(self) -> Index:
        return self._backend.get_index(
            self._request.get("vectorBucketName"),
            self._request.get("indexName"),
            self._request.get("indexArn"),
        )

    def _vector(self, record: Record) -> Members:
        """Return a vector with the parts that the request asks for."""
        vector: Members = {"key": record.key}
        if self._request.get("returnData"):
            # As a float32 its text would be shorter, and another number when it is read as a double.
            vector["data"] = {"float32": record.vector.astype(np.float64)}
        if self._request.get("returnMetadata"):
            vector["metadata"] = record.metadata
        return vector


def _page(result: Members, token: str | None) -> Members:
    """Return a result that says how to get more, if there is more."""
    return result if token is None else {**result, "nextToken": token}
