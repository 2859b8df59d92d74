"""The table of cases covers the service: its operations, its errors, and enough of both."""

from __future__ import annotations

import re
from collections import Counter

import botocore.session
import pytest
from botocore import xform_name

from contract.s3vectors.cases import CASES
from contract.s3vectors.cases.case import Refusal

V, N, C = ("ValidationException", 400), ("NotFoundException", 404), ("ConflictException", 409)
RECORD = "Invalid record for key '.+': "
QUERY_VECTOR = "Query vector contains invalid values or is invalid for this index"
CONSTRAINT = "1 validation error detected. Value{} at '{}' failed to satisfy constraint: Member must {}"
LENGTH = CONSTRAINT.format(" with length {}", "{}", "have length between {} and {}, inclusive")

# The errors of S3 Vectors as others recorded them, in their words. Where nobody recorded the words there is "".
# Not here: throttling and lack of capacity, which no request alone brings about (test_failures.py).
CATALOGUE = [
    ("put wrong dimension", V, RECORD + "vector must have length 5, but has length 1"),
    ("query wrong dimension", V, QUERY_VECTOR),
    ("put zero vector, cosine", V, RECORD + "cosine distance does not support vectors with zero norm"),
    ("put not finite", V, RECORD + "vector contains NaNs or Infs"),
    ("unknown index", N, "The specified index could not be found"),
    ("unknown bucket", N, "The specified vector bucket could not be found"),
    ("no policy", N, "The specified vector bucket policy could not be found"),
    ("duplicate bucket", C, "A vector bucket with the specified name already exists"),
    ("duplicate index", C, "An index with the specified name already exists"),
    ("bucket not empty", C, "The specified vector bucket is not empty"),
    ("index named both ways", V, "Must specify either indexArn or both vectorBucketName and indexName"),
    ("bucket named both ways", V, "Must specify either vectorBucketName or vectorBucketArn but not both"),
    ("bucket characters", V, "Invalid vector bucket name"),
    ("bucket name length", V, LENGTH.format(64, "/vectorBucketName", 3, 63)),
    ("key length", V, LENGTH.format(1025, "/vectors/0/key", 1, 1024)),
    ("dimension range", V, CONSTRAINT.format("", "/dimension", "be between 1 and 4096, inclusive")),
    ("data type", V, CONSTRAINT.format("", "/dataType", r"satisfy enum value set: \[float32\]")),
    ("metric", V, CONSTRAINT.format("", "/distanceMetric", r"satisfy enum value set: \[euclidean, cosine\]")),
    ("501 vectors", V, LENGTH.format(501, "/vectors", 1, 500)),
    ("101 keys", V, LENGTH.format(101, "/keys", 1, 100)),
    ("maxResults", V, CONSTRAINT.format("", "/maxResults", "be between 1 and 1000, inclusive")),
    ("topK", V, ".*'/topK'.*"),
    ("key bytes", V, "Record key length exceeds the maximum allowed"),
    ("duplicate keys", V, "Request must not contain duplicate keys"),
    ("body size", V, "Request body exceeds max allowed size"),
    ("filterable metadata size", V, RECORD + "Filterable metadata must have at most 2048 bytes"),
    ("metadata size", V, RECORD + "Metadata object must have at most 40960 bytes"),
    ("metadata keys", V, RECORD + "Metadata object must have at most 50 keys"),
    ("metadata value", V, RECORD + "Metadata values must be strings, numbers, booleans, or arrays"),
    ("metadata array", V, RECORD + "Metadata array values must be strings or numbers"),
    ("metadata empty array", V, RECORD + "Empty arrays are not allowed in metadata"),
    ("filter", V, "Invalid filter"),
    ("filter on a non-filterable key", V, "Invalid use of non-filterable metadata in filter"),
    ("101 constraints", V, ".*101"),
    ("queryMode CLASSIC", V, "queryMode cannot be CLASSIC when indexMode is ENHANCED"),
    (
        "indexMode CLASSIC",
        V,
        "indexMode cannot be set to CLASSIC because the vector bucket does not support CLASSIC mode",
    ),
    (
        "defaultIndexMode CLASSIC",
        V,
        "defaultIndexMode cannot be set to CLASSIC because this vector bucket does not support CLASSIC mode",
    ),
    ("$startsWith on CLASSIC", V, r".*\$startsWith.*"),
    ("page token", V, "Invalid page token"),
    ("half a character", ("SerializationException", 400), "UnknownError"),
    ("KMS key with AES256", V, "kmsKeyArn must not be specified when sseType is AES256."),
    ("aws:kms without a key", V, "kmsKeyArn must be specified when sseType is set to aws:kms"),
    ("KMS key missing", ("AccessDeniedException", 403), r"Key .* does not exist .*kms_request_id.*"),
    ("tag count", V, "Too many tags specified"),
    ("system tags", V, "System tags cannot be added/updated by requester"),
]
FIELD_CATALOGUE = [
    ("put wrong dimension", r"vectors\[0\]", "vector must have length 5, but has length 1"),
    ("query wrong dimension", "vector", "Invalid input: vector must have length 5, but has length 2"),
    ("query empty", "vector", "Invalid input: vector must have length 5, but has length 0"),
    ("query zero vector", "vector", "Invalid input: cosine distance does not support vectors with zero norm"),
    ("metadata", r"vectors\[0\].metadata", "Filterable metadata must have at most 2048 bytes"),
    ("filter", "filter", "Invalid filter"),
]
REFUSALS = [case.expected for _, case in CASES if isinstance(case.expected, Refusal)]


@pytest.mark.parametrize(("error", "text"), [row[1:] for row in CATALOGUE], ids=[row[0] for row in CATALOGUE])
def test_every_error_of_the_service_has_its_case(error: tuple[str, int], text: str) -> None:
    """Some case expects the code, the status and the message of this row."""
    messages = [refusal.message for refusal in REFUSALS if (refusal.code, refusal.status) == error]

    assert any(re.fullmatch(text, message) for message in messages)


@pytest.mark.parametrize(
    ("path", "text"), [row[1:] for row in FIELD_CATALOGUE], ids=[row[0] for row in FIELD_CATALOGUE]
)
def test_every_field_message_of_the_service_has_its_case(path: str, text: str) -> None:
    """Some case expects a fieldList with this path and message."""
    fields = [field for refusal in REFUSALS for field in refusal.fields]

    assert any(re.fullmatch(path, field[0]) and re.fullmatch(text, field[1]) for field in fields)


def test_every_operation_has_a_case() -> None:
    """The table asks for each operation of botocore's model."""
    model = botocore.session.get_session().get_service_model("s3vectors")
    used = {case.operation for _, case in CASES}
    used |= {operation for _, case in CASES for operation, _ in case.given}

    assert used == {xform_name(name) for name in model.operation_names}


def test_the_table_is_large_and_its_names_are_unique() -> None:
    """There are more than 200 cases, and a failure names one of them."""
    names = Counter((case.operation, case.name) for _, case in CASES)

    assert len(CASES) > 200
    assert [name for name, count in names.items() if count > 1] == []
