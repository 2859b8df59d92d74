"""Decisions about policies: a table of what AWS documents, and what is refused because it is not understood."""

from __future__ import annotations

from typing import Any

import pytest

from s3vl_local.iam.patterns import UnknownPolicyElementError, arn_like
from s3vl_local.iam.policies import Decision, Request, decide, trusts

INDEX = "arn:aws:s3vectors:us-west-2:123456789012:bucket/b/index/i"
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:f"
IDENTITY = "identity-based policy"
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NOT_ALLOWED = Decision(
    allowed=False, reason=f"because no {IDENTITY} allows the s3vectors:QueryVectors action"
)
DENIED = Decision(allowed=False, reason=f"with an explicit deny in an {IDENTITY}")
ALLOWED = Decision(allowed=True)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy of these statements; what they leave out is about every action and resource."""
    return {"Version": "2012-10-17", "Statement": [ALLOW_ALL | statement for statement in statements]}


def query(*statements: dict[str, Any], **context: str) -> Decision:
    """Decide about QueryVectors on the index by one policy."""
    request = Request("s3vectors:QueryVectors", INDEX, {key: (value,) for key, value in context.items()})
    return decide(request, {IDENTITY: [document(*statements)]})


@pytest.mark.parametrize(
    ("statement", "decision"),
    [
        ({}, ALLOWED),
        ({"Action": "s3vectors:QueryVectors"}, ALLOWED),
        ({"Action": ["s3vectors:GetIndex", "s3vectors:Query*"]}, ALLOWED),
        ({"Action": "S3Vectors:queryvectors"}, ALLOWED),
        ({"Action": "s3vectors:????yVectors"}, ALLOWED),
        ({"Action": "s3vectors:Query"}, NOT_ALLOWED),
        ({"Action": "s3:*"}, NOT_ALLOWED),
        ({"Action": []}, NOT_ALLOWED),
        ({"Resource": INDEX}, ALLOWED),
        ({"Resource": [INDEX + "x", INDEX]}, ALLOWED),
        ({"Resource": "arn:aws:s3vectors:*:*:bucket/b/index/?"}, ALLOWED),
        ({"Resource": "arn:aws:s3vectors"}, ALLOWED),
        ({"Resource": INDEX.upper()}, NOT_ALLOWED),
        ({"Resource": INDEX[:-2]}, NOT_ALLOWED),
        ({"Resource": "arn:aws:*:bucket/b/index/i"}, NOT_ALLOWED),
        ({"Effect": "Deny"}, DENIED),
    ],
    ids=str,
)
def test_a_statement_names_actions_and_resources(statement: dict[str, Any], decision: Decision) -> None:
    """Actions are compared without case, resources with it and part by part; `*` and `?` are wildcards."""
    assert query(statement) == decision


@pytest.mark.parametrize(
    ("excluded", "decision"),
    [
        ({"NotAction": "s3vectors:GetVectors"}, ALLOWED),
        ({"NotAction": ["s3vectors:GetVectors", "s3vectors:Q*"]}, NOT_ALLOWED),
        ({"NotResource": INDEX + "x"}, ALLOWED),
        ({"NotResource": INDEX}, NOT_ALLOWED),
    ],
    ids=str,
)
def test_a_statement_with_not_is_about_everything_else(excluded: dict[str, Any], decision: Decision) -> None:
    """NotAction and NotResource apply to what they do not name."""
    statement = {name: value for name, value in ALLOW_ALL.items() if f"Not{name}" not in excluded} | excluded

    assert (
        decide(Request("s3vectors:QueryVectors", INDEX), {IDENTITY: [{"Statement": statement}]}) == decision
    )


def test_without_a_policy_nothing_is_allowed() -> None:
    """The default is a denial, and the reason names the action."""
    assert query() == NOT_ALLOWED


@pytest.mark.parametrize("order", [1, -1])
def test_a_denial_wins_wherever_it_stands(order: int) -> None:
    """An explicit Deny is stronger than any Allow, before or after it."""
    assert query(*[{}, {"Effect": "Deny", "Resource": INDEX}][::order]) == DENIED
    assert query(*[{}, {"Effect": "Deny", "Resource": INDEX + "x"}][::order]) == ALLOWED


@pytest.mark.parametrize(
    ("boundary", "reason"),
    [
        ({}, ""),
        (
            {"Action": "logs:*"},
            "because no permissions boundary allows the s3vectors:QueryVectors action",
        ),
        ({"Effect": "Deny"}, "with an explicit deny in a permissions boundary"),
    ],
    ids=str,
)
def test_every_kind_of_policy_must_allow(boundary: dict[str, Any], reason: str) -> None:
    """A boundary gives nothing by itself and takes away what it does not allow."""
    policies = {IDENTITY: [document({})], "permissions boundary": [document(boundary)]}

    decision = decide(Request("s3vectors:QueryVectors", INDEX), policies)

    assert decision == Decision(not reason, reason)
    assert not decide(Request("s3vectors:QueryVectors", INDEX), policies | {IDENTITY: []}).allowed


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "us-west-2"}}, True),
        ({"StringEquals": {"AWS:requestedregion": ["eu-west-1", "us-west-2"]}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "us-*"}}, False),
        ({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-west-2"]}}, False),
        ({"StringLike": {"aws:RequestedRegion": "us-*"}}, True),
        ({"StringNotLike": {"aws:RequestedRegion": "us-*"}}, False),
        ({"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:f"}}, True),
        ({"ArnLike": {"lambda:SourceFunctionArn": FUNCTION + "x"}}, False),
        ({"ArnNotEquals": {"lambda:SourceFunctionArn": FUNCTION}}, False),
        ({"ArnNotLike": {"lambda:SourceFunctionArn": FUNCTION + "x"}}, True),
        # A key that the request does not have.
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"Null": {"aws:SourceAccount": "true"}}, True),
        ({"Null": {"aws:RequestedRegion": True}}, False),
        ({"Bool": {"aws:SourceAccount": "true"}}, False),
        ({"BoolIfExists": {"aws:RequestedRegion": True}}, False),
        ({"Bool": {"aws:SourceArn": "TRUE"}}, True),
        # A key with several values, or none.
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "cost"}}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}, False),
        ({"ForAllValues:StringLike": {"aws:TagKeys": ["t*", "stage"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:SourceAccount": "1"}}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:SourceAccount": "1"}}, False),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": "1"}}, True),
        # All lines and all operators must hold.
        ({"StringLike": {"aws:RequestedRegion": "us-*", "aws:SourceAccount": "1"}}, False),
        ({"StringLike": {"aws:RequestedRegion": "us-*"}, "Null": {"aws:SourceAccount": "false"}}, False),
    ],
    ids=str,
)
def test_a_condition_says_when_a_statement_applies(condition: dict[str, Any], applies: bool) -> None:
    """The operators as AWS documents them, for keys with one value, with several, and without any."""
    context = {
        "aws:RequestedRegion": ("us-west-2",),
        "aws:SourceArn": ("true",),
        "aws:TagKeys": ("team", "stage"),
        "lambda:SourceFunctionArn": (FUNCTION,),
    }

    decision = decide(
        Request("s3vectors:QueryVectors", INDEX, context), {IDENTITY: [document({"Condition": condition})]}
    )

    assert decision.allowed == applies


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"Condition": {"DateLessThan": {"aws:RequestedRegion": "2026"}}}, "operator 'DateLessThan'"),
        ({"Condition": {"ForSomeValue:StringLike": {"aws:RequestedRegion": "*"}}}, "'ForSomeValue:String"),
        ({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}, "key 'aws:MultiFactorAuthPresent'"),
        ({"Condition": {"StringLike": {"aws:RequestedRegion": "${aws:x}"}}}, "has a policy variable"),
        ({"Resource": "arn:aws:s3vectors:us-west-2:${aws:x}:*"}, "has a policy variable"),
        ({"Conditions": {}}, "a statement has Conditions"),
    ],
    ids=str,
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_what_is_not_understood_is_no_decision(statement: dict[str, Any], message: str, effect: str) -> None:
    """An unknown operator, key, variable or member is an error that names it, in an Allow and in a Deny."""
    with pytest.raises(UnknownPolicyElementError, match=message.replace("$", r"\$")):
        query({}, statement | {"Effect": effect}, **{"aws:RequestedRegion": "us-west-2"})


def test_a_statement_without_actions_is_not_understood() -> None:
    """A statement needs Action or NotAction."""
    with pytest.raises(UnknownPolicyElementError, match="neither Action nor NotAction"):
        decide(Request("a:b", "*"), {IDENTITY: [{"Statement": {"Effect": "Allow", "Resource": "*"}}]})


def test_what_is_about_another_action_need_not_be_understood() -> None:
    """A statement that cannot matter does not stand in the way."""
    other = {"Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:ViaService": "s3vectors"}}}

    assert query({}, other) == ALLOWED


def test_a_resource_that_cannot_be_told_is_decided_by_wildcards_only() -> None:
    """A policy about every resource decides; one about a resource could be about this one or not."""
    request = Request("sqs:SendMessage", None)

    assert decide(request, {IDENTITY: [document({})]}) == ALLOWED
    with pytest.raises(UnknownPolicyElementError, match="cannot tell on which resource sqs:SendMessage acts"):
        decide(request, {IDENTITY: [document({"Resource": "arn:aws:sqs:us-west-2:123456789012:queue"})]})


@pytest.mark.parametrize(
    ("statement", "trusted"),
    [
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, True),
        ({"Principal": {"Service": ["rds.amazonaws.com", "lambda.amazonaws.com"]}}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": "rds.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, False),
        ({"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:TagSession"}, False),
        ({"Principal": {"Service": "lambda.amazonaws.com"}, "Effect": "Deny"}, False),
        ({"NotPrincipal": {"Service": "rds.amazonaws.com"}}, True),
        (
            {
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Condition": {"ArnLike": {"aws:SourceArn": FUNCTION[:-1] + "*"}},
            },
            True,
        ),
        (
            {
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}},
            },
            False,
        ),
    ],
    ids=str,
)
def test_a_trust_policy_says_who_may_assume_the_role(statement: dict[str, Any], trusted: bool) -> None:
    """The service must be named as a principal of sts:AssumeRole, under conditions that hold."""
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"} | statement]}
    context = {"aws:SourceArn": (FUNCTION,), "aws:SourceAccount": ("123456789012",)}

    assert trusts(trust, "lambda.amazonaws.com", context) == trusted


def test_a_colon_ends_what_a_wildcard_stands_for_except_in_the_last_part() -> None:
    """So that a wildcard for a Region is not one for the rest of the ARN."""
    assert arn_like("arn:aws:lambda:us-west-2:*:function:*", FUNCTION + ":live")
    assert not arn_like(FUNCTION, FUNCTION + ":live")
    assert not arn_like("arn:*:function:f", FUNCTION)
