"""HTTP for S3 Vectors: a request is read, checked against the service model, and answered by the backend."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores
from moto.s3vectors.responses import S3VectorsResponse as MotoS3VectorsResponse

from s3vl_local.faults import FAULTS
from s3vl_local.s3vectors import wire
from s3vl_local.s3vectors.constraints import check_request
from s3vl_local.s3vectors.exceptions import InjectedFaultError, NotYetImplementedError
from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from s3vl_local.s3vectors.models import Index, S3VectorsBackend, VectorBucket
    from s3vl_local.s3vectors.records import Record

    Answer = tuple[int, dict[str, str], str]


class S3VectorsResponse(MotoS3VectorsResponse):
    """One request. Operations that are not here, those on policies and tags, are moto's."""

    # moto would try to read the body as a form.
    use_raw_body = True

    @property
    def s3vectors_backend(self) -> S3VectorsBackend:
        """Return the backend of the region; moto has one for a whole partition."""
        backend: S3VectorsBackend = s3vectors_backends[self.current_account][self.region]
        return backend

    def _dispatch(self, request: Any, full_url: str | None = None, headers: Any = None) -> Answer:
        """Answer a request, also when it is refused before its operation begins."""
        try:
            answer: Answer = super()._dispatch(request, full_url, headers)
        except ServiceException as error:
            answer = self.serialized(ActionResult(error))
        return answer

    def parse_parameters(self, request: Any) -> None:
        """Read the request's members, unless a fault is due; refuse what the service model refuses."""
        operation = self._get_action()
        if fault := FAULTS.apply(operation):
            raise InjectedFaultError(fault)
        if not hasattr(self, camelcase_to_underscores(operation)):
            raise NotYetImplementedError(operation)
        self.params = wire.read(request.data) | self.uri_match
        if tag_keys := request.args.getlist("tagKeys"):
            self.params["tagKeys"] = tag_keys
        check_request(operation, self.params)

    def serialized(self, action_result: ActionResult) -> Answer:
        """Return status, headers and body of a result or an error."""
        result = action_result.result
        headers = {"Content-Type": "application/json", "x-amz-request-id": str(uuid.uuid4())}
        if isinstance(result, ServiceException):
            headers["x-amzn-errortype"] = result.code
            status, body = wire.write_error(result)
            return status, headers, body
        return 200, headers, wire.write_result(result)

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: str) -> tuple[dict[str, str], str]:
        """Leave the answer as `serialized` made it; moto would add headers that S3 Vectors does not send."""
        return {name: value for name, value in headers.items() if name != "status"}, body

    # Buckets

    def create_vector_bucket(self) -> ActionResult:
        """Create a bucket."""
        bucket = self.s3vectors_backend.create_vector_bucket(self.params)
        return ActionResult({"vectorBucketArn": bucket.arn})

    def get_vector_bucket(self) -> ActionResult:
        """Describe a bucket."""
        return ActionResult({"vectorBucket": self._bucket().description()})

    def list_vector_buckets(self) -> ActionResult:
        """List the buckets of the region."""
        buckets, token = self.s3vectors_backend.list_vector_buckets(self.params)
        return _page({"vectorBuckets": [bucket.summary() for bucket in buckets]}, token)

    def delete_vector_bucket(self) -> ActionResult:
        """Delete an empty bucket."""
        self.s3vectors_backend.delete_vector_bucket(self._bucket())
        return EmptyResult()

    # Indexes

    def create_index(self) -> ActionResult:
        """Create an index."""
        index = self.s3vectors_backend.create_index(self._bucket(), self.params)
        return ActionResult({"indexArn": index.arn})

    def get_index(self) -> ActionResult:
        """Describe an index."""
        return ActionResult({"index": self._index().description()})

    def list_indexes(self) -> ActionResult:
        """List the indexes of a bucket."""
        indexes, token = self.s3vectors_backend.list_indexes(self._bucket(), self.params)
        return _page({"indexes": [index.summary() for index in indexes]}, token)

    def delete_index(self) -> ActionResult:
        """Delete an index and its vectors."""
        self.s3vectors_backend.delete_index(self._index())
        return EmptyResult()

    # Vectors

    def put_vectors(self) -> ActionResult:
        """Add or replace vectors."""
        self.s3vectors_backend.put_vectors(self._index(), self.params["vectors"])
        return EmptyResult()

    def get_vectors(self) -> ActionResult:
        """Return vectors by key."""
        records = self.s3vectors_backend.get_vectors(self._index(), self.params["keys"])
        return ActionResult({"vectors": [self._vector(record) for record in records]})

    def list_vectors(self) -> ActionResult:
        """List the vectors of an index."""
        records, token = self.s3vectors_backend.list_vectors(self._index(), self.params)
        return _page({"vectors": [self._vector(record) for record in records]}, token)

    def delete_vectors(self) -> ActionResult:
        """Delete vectors by key."""
        self.s3vectors_backend.delete_vectors(self._index(), self.params["keys"])
        return EmptyResult()

    def query_vectors(self) -> ActionResult:
        """Return the nearest vectors."""
        index = self._index()
        hits, page, token = self.s3vectors_backend.query_vectors(index, self.params)
        vectors: list[dict[str, Any]] = [{"key": key} for key in hits.keys[page]]
        if self.params.get("returnDistance"):
            for vector, distance in zip(vectors, hits.distances[page], strict=True):
                vector["distance"] = distance
        if self.params.get("returnMetadata"):
            for vector, metadata in zip(vectors, hits.metadata[page], strict=True):
                vector["metadata"] = metadata
        return _page({"vectors": vectors, "distanceMetric": index.distance_metric}, token)

    def _bucket(self) -> VectorBucket:
        return self.s3vectors_backend.get_vector_bucket(
            self.params.get("vectorBucketName"), self.params.get("vectorBucketArn")
        )

    def _index(self) -> Index:
        return self.s3vectors_backend.get_index(
            self.params.get("vectorBucketName"), self.params.get("indexName"), self.params.get("indexArn")
        )

    def _vector(self, record: Record) -> dict[str, Any]:
        """Return a vector with the parts that the request asks for."""
        vector: dict[str, Any] = {"key": record.key}
        if self.params.get("returnData"):
            vector["data"] = {"float32": record.vector.tolist()}
        if self.params.get("returnMetadata"):
            vector["metadata"] = record.metadata
        return vector


def _page(result: dict[str, Any], token: str | None) -> ActionResult:
    """Return a result that says how to get more, if there is more."""
    return ActionResult(result if token is None else {**result, "nextToken": token})
