"""The contract with S3 Vectors, case by case: on the emulator, or unchanged on AWS.

    S3VL_TEST_AWS=1 .venv/bin/pytest tests/contract/s3vectors/test_contract.py

Give AWS credentials and a region. The run has a bucket of its own and removes it. What the table assumes may
differ on AWS: it is then reported as XFAIL with both answers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from contract.s3vectors.cases import CASES
from contract.s3vectors.cases.case import Behaviour, Case, Refusal

if TYPE_CHECKING:
    from fixtures_s3vectors import Contract

ON_AWS = os.environ.get("S3VL_TEST_AWS") == "1"
NUMBERED = [
    pytest.param(behaviour, case, f"case-{number}", id=f"{case.operation}: {case.name}")
    for number, (behaviour, case) in enumerate(CASES)
    if not (behaviour.local_only and ON_AWS)
]


def expectation(contract: Contract, case: Case, name: str) -> dict[str, Any] | Refusal:
    """Return what a case expects, with the names of this run."""
    if isinstance(case.expected, Refusal):
        return case.expected
    filled: dict[str, Any] = contract.fill(case.expected, case=name)
    return filled


def is_assumed(behaviour: Behaviour, expected: Any, answer: Any) -> bool:
    """Tell whether the difference of two answers is in what the table assumes."""
    if behaviour.evidence == "assumed":
        return True
    refusals = isinstance(expected, Refusal) and isinstance(answer, Refusal)
    return (
        refusals
        and behaviour.wording_assumed
        and (expected.code, expected.status) == (answer.code, answer.status)
    )


@pytest.mark.parametrize(("behaviour", "case", "name"), NUMBERED)
def test_a_request_is_answered_as_the_service_answers_it(
    contract: Contract, behaviour: Behaviour, case: Case, name: str
) -> None:
    """The result, or the refusal with its message, code, status and fields, is the one in the table."""
    expected = expectation(contract, case, name)

    answer = contract.answer(case, name)

    if contract.on_aws and answer != expected and is_assumed(behaviour, expected, answer):
        pytest.xfail(f"assumed {expected}; AWS answered {answer}")
    assert expected == answer
