"""Faults on request: their rules, and what S3 Vectors answers under them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from s3vl_local.faults import FAULTS, ConnectionDroppedError, Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THROTTLED = {"status": 429, "code": "TooManyRequestsException", "message": "Slow down."}


@pytest.fixture
def _no_faults_left() -> Iterator[None]:
    """Clear the rules of the server that all tests share."""
    yield
    FAULTS.clear()


def outcomes(faults: Faults, operations: list[str]) -> list[int]:
    """Apply calls, and return the status of each, 200 for those that pass."""
    answers = [faults.apply(operation) for operation in operations]
    return [200 if answer is None else answer.status for answer in answers]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [429, 429, 429, 429, 429, 429]),
        ({"times": 2}, [429, 429, 200, 200, 200, 200]),
        ({"every": 3}, [200, 200, 429, 200, 200, 429]),
        ({"every": 2, "times": 1}, [200, 429, 200, 200, 200, 200]),
    ],
)
def test_a_rule_disturbs_the_calls_it_says(rule: dict[str, Any], expected: list[int]) -> None:
    """`every` and `times` choose among the calls of the operation."""
    faults = Faults()
    faults.add({"operation": "QueryVectors", **THROTTLED, **rule})

    assert expected == outcomes(faults, ["QueryVectors"] * 6)


def test_chance_is_a_matter_of_the_seed() -> None:
    """A rule with a probability disturbs about that share of calls, and the same ones for the same seed."""

    def disturbed(seed: int) -> list[int]:
        faults = Faults()
        faults.add({"operation": "QueryVectors", **THROTTLED, "probability": 0.25, "seed": seed})
        return outcomes(faults, ["QueryVectors"] * 1000)

    assert disturbed(1) == disturbed(1)
    assert disturbed(1) != disturbed(2)
    assert 200 < disturbed(1).count(429) < 300


def test_a_reset_is_no_answer_at_all() -> None:
    """It ends the connection, and the next call of a rule that ran out passes."""
    faults = Faults()
    faults.add({"operation": "QueryVectors", "reset": True, "times": 1})

    with pytest.raises(ConnectionDroppedError):
        faults.apply("QueryVectors")
    assert faults.apply("QueryVectors") is None


def test_a_rule_is_about_its_operation() -> None:
    """Other operations pass; "*" is about all."""
    faults = Faults()
    faults.add({"operation": "Invoke", **THROTTLED})
    assert outcomes(faults, ["Invoke", "GetIndex"]) == [429, 200]

    faults.add({"operation": "*", "status": 503, "code": "ServiceUnavailableException"})
    assert outcomes(faults, ["Invoke", "GetIndex"]) == [429, 503]


def test_the_first_rule_with_an_error_answers() -> None:
    """A second one is kept for the next call."""
    faults = Faults()
    faults.add({"operation": "*", **THROTTLED, "times": 1})
    faults.add({"operation": "*", "status": 500, "code": "InternalServerException", "times": 1})

    assert outcomes(faults, ["GetIndex"] * 3) == [429, 500, 200]


def test_a_fault_says_what_its_rule_says() -> None:
    """Status, code and message are the rule's."""
    faults = Faults()
    faults.add({"operation": "GetIndex", **THROTTLED})

    assert faults.apply("GetIndex") == Fault(429, "TooManyRequestsException", "Slow down.")


def test_latency_delays_a_call_that_succeeds() -> None:
    """A rule of latency alone makes slow, not wrong."""
    faults = Faults()
    faults.add({"operation": "GetIndex", "latency_ms": 50})
    started = time.monotonic()

    assert faults.apply("GetIndex") is None
    assert time.monotonic() - started >= 0.05


def test_latency_includes_what_is_done_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose request was read for 30 seconds waits for the rest of the minute that its rule says."""
    clock, slept = iter([100.0, 130.0]), list[float]()
    monkeypatch.setattr(
        "s3vl_local.faults.time", SimpleNamespace(monotonic=clock.__next__, sleep=slept.append)
    )
    faults = Faults()
    faults.add({"operation": "PutVectors", "latency_ms": 60_000})

    with faults.during("PutVectors") as fault:
        assert (fault, slept) == (None, [])
    assert slept == [30.0]


def test_a_call_whose_request_is_wrong_is_as_slow_and_as_silent() -> None:
    """What goes wrong meanwhile changes nothing of what a rule does."""
    faults = Faults()
    faults.add({"operation": "PutVectors", "reset": True})

    with pytest.raises(ConnectionDroppedError), faults.during("PutVectors"):
        raise ValueError("not JSON")


def test_what_is_held_goes_on_when_the_rules_are_cleared() -> None:
    """Others pass meanwhile; the held call ends as its rule says, and a later rule holds only later calls."""
    faults = Faults()
    faults.add({"operation": "GetIndex", "hold": True, "times": 1, **THROTTLED})
    with ThreadPoolExecutor() as pool:
        held = pool.submit(outcomes, faults, ["GetIndex"])
        while faults.requests() != {"GetIndex": 1}:
            time.sleep(0.001)
        others, is_over = outcomes(faults, ["GetIndex", "PutVectors"]), held.done()
        faults.clear()
        faults.add({"operation": "PutVectors", "hold": True})

        assert (others, is_over, held.result()) == ([200, 200], False, [429])


def test_calls_are_counted_and_rules_can_be_read_and_cleared() -> None:
    """Counters go on after a clear; rules say how often they applied."""
    faults = Faults()
    faults.add({"operation": "GetIndex", **THROTTLED})
    outcomes(faults, ["GetIndex", "PutVectors", "GetIndex"])

    assert faults.requests() == {"GetIndex": 2, "PutVectors": 1}
    (rule,) = faults.rules()
    assert {"operation": "GetIndex", "status": 429, "seen": 2, "applied": 2}.items() <= rule.items()
    faults.clear()
    assert faults.rules() == []
    assert outcomes(faults, ["GetIndex"]) == [200]
    assert faults.requests() == {"GetIndex": 3, "PutVectors": 1}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "needs an operation"),
        ([], "a fault rule is an object"),
        ({"operation": ""}, "operation must be a text that is not empty, got ''"),
        ({"operation": "*"}, "needs status and code, or reset, or latency_ms, or hold"),
        ({"operation": "*", "status": 429}, "status and code go together"),
        ({"operation": "*", "code": "X"}, "status and code go together"),
        (
            {"operation": "*", "status": 200, "code": "X"},
            "status must be an integer from 400 to 599, got 200",
        ),
        (
            {"operation": "*", "status": "429", "code": "X"},
            "status must be an integer from 400 to 599, got '429'",
        ),
        ({"operation": "*", "latency_ms": -1}, "latency_ms must be an integer from 0"),
        ({"operation": "*", "latency_ms": 5, "times": 0}, "times must be an integer from 1"),
        ({"operation": "*", "latency_ms": 5, "every": True}, "every must be an integer from 1"),
        ({"operation": "*", "reset": 1}, "reset must be true or false, got 1"),
        ({"operation": "*", "hold": "yes"}, "hold must be true or false, got 'yes'"),
        ({"operation": "*", "reset": False}, "needs status and code, or reset, or latency_ms, or hold"),
        ({"operation": "*", "reset": True, "status": 500, "code": "X"}, "either an error .* or no answer"),
        ({"operation": "*", "reset": True, "probability": 1.5}, "probability must be a number from 0 to 1"),
        (
            {"operation": "*", "reset": True, "probability": 0.5, "every": 2},
            "either by counting .* or by chance",
        ),
        ({"operation": "*", "reset": True, "seed": -1}, "seed must be an integer from 0"),
        ({"operation": "*", "delay": 5}, "a fault rule has no 'delay'; it may have operation,"),
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused_with_a_reason(rule: Any, message: str) -> None:
    """The error names the member, its value and what is allowed, and nothing is added."""
    faults = Faults()

    with pytest.raises(ValueError, match=message):
        faults.add(rule)
    assert faults.rules() == []


@pytest.mark.usefixtures("_no_faults_left")
def test_s3_vectors_answers_a_fault_in_its_own_form(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """A throttled call looks as the service's does, changes nothing, and the next one works."""
    index = new_index()
    FAULTS.add({"operation": "PutVectors", **THROTTLED, "times": 1})
    put = {"indexArn": index, "vectors": [{"key": "a", "data": {"float32": [1, 2]}}]}

    with pytest.raises(s3vectors.exceptions.TooManyRequestsException) as refused:
        s3vectors.put_vectors(**put)
    assert refused.value.response["Error"] == {"Code": "TooManyRequestsException", "Message": "Slow down."}
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == []
    s3vectors.put_vectors(**put)
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == [{"key": "a"}]


@pytest.mark.usefixtures("_no_faults_left")
def test_a_fault_may_have_any_status_and_code(s3vectors: Any) -> None:
    """Errors that are not in the model are answered as the rule says."""
    FAULTS.add({"operation": "GetIndex", "status": 418, "code": "TeapotException"})

    with pytest.raises(ClientError) as refused:
        s3vectors.get_index(indexArn="arn:aws:s3vectors:us-west-2:123456789012:bucket/abc/index/none")
    assert refused.value.response["Error"]["Code"] == "TeapotException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418


def test_s3_vectors_counts_each_request_once(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Requests that are refused count as well."""
    index = new_index()
    before = FAULTS.requests().get("ListVectors", 0)
    s3vectors.list_vectors(indexArn=index)
    with pytest.raises(ClientError):
        s3vectors.list_vectors(indexArn=index, nextToken="made-up")

    assert FAULTS.requests()["ListVectors"] == before + 2
