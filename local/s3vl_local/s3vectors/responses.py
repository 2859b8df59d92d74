"""HTTP for S3 Vectors: a request is read, checked against the service model, and answered by the backend."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import get_service_model
from moto.s3vectors.responses import S3VectorsResponse as MotoS3VectorsResponse

from s3vl_local.faults import FAULTS
from s3vl_local.s3vectors import wire
from s3vl_local.s3vectors.constraints import check_request
from s3vl_local.s3vectors.exceptions import InjectedFaultError, UnknownOperationError
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
        if operation not in get_service_model("s3vectors").operation_names:
            raise UnknownOperationError(operation)
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

    def put_vector_bucket_default_index_mode(self) -> ActionResult:
        """Choose the mode of a bucket's indexes to come."""
        self.s3vectors_backend.put_default_index_mode(self._bucket(), self.params["defaultIndexMode"])
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

    def update_index_mode(self) -> ActionResult:
        """Change the mode of an index."""
        self.s3vectors_backend.update_index_mode(self._index(), self.params["indexMode"])
        return EmptyResult()

    def update_metadata_configuration(self) -> ActionResult:
        """Add or delete text search configurations."""
        index = self._index()
        self.s3vectors_backend.update_metadata_configuration(index, self.params)
        return ActionResult({"indexArn": index.arn})

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
        vectors: list[dict[str, Any]] = []
        for key, metadata in zip(hits.keys[page], hits.metadata[page], strict=True):
            vector: dict[str, Any] = {"key": key}
            if self.params.get("returnDistance") and key in hits.distances:
                vector["distance"] = hits.distances[key]
            if self.params.get("returnScores") and key in hits.scores:
                vector["scores"] = hits.scores[key]
            if self.params.get("returnMetadata"):
                vector["metadata"] = metadata
            vectors.append(vector)
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
