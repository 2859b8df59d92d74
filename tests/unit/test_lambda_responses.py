"""Answers: their form, and what PostgreSQL could not store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3vl_lambda.protocol import errors, responses
from s3vl_lambda.protocol.responses import Answer, Envelope, Rows

PROTOCOL_PAGE = Path(__file__).parents[2] / "docs" / "lambda-protocol.md"
ENVELOPE = Envelope(12, "r-1", {"api_calls": 1, "attempts": 2, "cold_start": False})


def test_a_success_has_the_members_of_the_protocol() -> None:
    """The result, its rows and the envelope come out as one compact JSON document."""
    rows = Rows()
    rows.extend([b'{"vector_id":"a"}', b'{"vector_id":"b"}'])

    body = responses.success(Answer({"distance_metric": "cosine"}, rows, {"next_token": "t"}), ENVELOPE)

    assert body == (
        b'{"success":true,"continuation":{"next_token":"t"},"execution_time_ms":12,"request_id":"r-1",'
        b'"stats":{"api_calls":1,"attempts":2,"cold_start":false},'
        b'"result":{"distance_metric":"cosine","vectors":[{"vector_id":"a"},{"vector_id":"b"}]}}'
    )


def test_an_answer_may_have_no_rows() -> None:
    """Nothing found is an empty array, with or without other members."""
    assert json.loads(responses.success(Answer({}, Rows()), ENVELOPE))["result"] == {"vectors": []}
    assert json.loads(responses.success(Answer({"a": 1}, Rows()), ENVELOPE))["result"] == {
        "a": 1,
        "vectors": [],
    }


def test_a_complete_answer_has_no_continuation() -> None:
    """Members without a value are left out, never null."""
    assert json.loads(responses.success(Answer({}), ENVELOPE)) == {
        "success": True,
        "result": {},
        "execution_time_ms": 12,
        "request_id": "r-1",
        "stats": {"api_calls": 1, "attempts": 2, "cold_start": False},
    }


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (
            errors.ThrottledError("slow down", origin="TooManyRequestsException", attempts=5),
            {"code": "throttled", "type": "TooManyRequestsException", "retryable": True, "attempts": 5},
        ),
        (
            errors.InvalidRequestError.at("top_k", "is missing"),
            {
                "code": "invalid_request",
                "type": "InvalidRequestError",
                "retryable": False,
                "fields": [{"path": "top_k", "message": "is missing"}],
            },
        ),
        (
            errors.ServiceFailureError("out", retryable=True, origin="InternalServerException", attempts=8),
            {"code": "service_failure", "type": "InternalServerException", "retryable": True, "attempts": 8},
        ),
    ],
)
def test_a_failure_has_the_members_of_the_protocol(
    error: errors.S3vlError, described: dict[str, Any]
) -> None:
    """Attempts and fields are there when there are some."""
    answer = json.loads(responses.failure(error, ENVELOPE))

    assert answer["success"] is False
    assert answer["error"] == described | {"message": error.message}
    assert answer["request_id"] == "r-1"


@pytest.mark.parametrize(
    ("quoted", "written"), [("a\0b", r"a\u0000b"), ("a\ud800b", r"a\ud800b"), ("é", "é")]
)
def test_a_message_can_be_stored_whatever_it_quotes(quoted: str, written: str) -> None:
    """A value that PostgreSQL cannot store does not make the error unreadable as well."""
    error = errors.InvalidRequestError("no " + quoted, fields=[{"path": quoted, "message": quoted}])

    described = json.loads(responses.failure(error, ENVELOPE))["error"]

    assert described["message"] == "no " + written
    assert described["fields"] == [{"path": written, "message": written}]


@pytest.mark.parametrize("value", ["\\u0000", "\\\\u0000", {"a": ["\\u0000"]}, "u0000", "\x01", "日本"])
def test_text_that_only_looks_like_nul_is_written(value: Any) -> None:
    """A backslash and u0000 are six characters that may be stored."""
    assert json.loads(responses.encode(value, "it")) == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("\0", "holds U.0000"),
        ({"a": ["x\\\0"]}, "holds U.0000"),
        ({"a\0": 1}, "holds U.0000"),
        ("\ud800", "holds half of a UTF-16 surrogate pair"),
        (float("inf"), "holds a number that is not finite"),
        ({"a": float("nan")}, "holds a number that is not finite"),
    ],
)
def test_what_postgresql_cannot_store_is_refused_by_name(value: Any, problem: str) -> None:
    """The error says what holds the value and what to do."""
    with pytest.raises(errors.MalformedDataError, match=f"^the key {problem}.*; leave it out$"):
        responses.encode(value, "the key", "; leave it out")


def test_rows_fit_up_to_the_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is counted with the comma that each row brings."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 10)
    rows = Rows()

    assert rows.fitting([b"1234", b"5678"]) == 2
    assert rows.fitting([b"1234", b"56789"]) == 1
    rows.extend([b"1234", b"5678"])
    assert (rows.bytes_left, len(rows), rows.fitting([b""])) == (0, 2, 0)


def test_as_many_are_likely_to_fit_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are done tell how large the next ones are; the room, and what may be on its way, bound them."""
    monkeypatch.setattr(responses, "MAX_ROW_BYTES", 100)
    monkeypatch.setattr(responses, "MAX_BYTES_AT_A_TIME", 50)
    rows = Rows()
    rows.extend([b"123456789"] * 2)
    estimated = rows.likely_to_fit(done=4)
    rows.extend([b"123456789"] * 6)

    assert (estimated, rows.likely_to_fit(done=16)) == (50 * 4 // 20, 20 * 16 // 80)
    assert not rows.is_nearly_full
    rows.extend([b"123456789", b"12345678"])
    assert (rows.bytes_left, rows.is_nearly_full) == (1, True)


def test_the_codes_are_those_of_the_protocol_page() -> None:
    """Every code that the page documents has a class, but for the placeholder's, which is not this code."""
    page = PROTOCOL_PAGE.read_text()
    table = page[page.index("## Errors") :]
    documented = {
        line.split("`")[1] for line in table.splitlines() if line.startswith("| `") and "SQLSTATE" not in line
    }

    assert {error.code for error in errors.S3vlError.__subclasses__()} == documented - {
        "code",
        "placeholder_code",
    }
