"""Asynchronous invocations that fail: how often they are tried, and where they can be found afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_stacks import Stacks
    from s3vl_local.cloud import LocalCloud

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        "Policies": [
            {
                "PolicyName": "send",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
                },
            }
        ],
    },
}
# It counts its attempts in its log, which is a file here.
FAILS = "def lambda_handler(event, context):\n    print('tried')\n    raise ValueError('no ' + event['wish'])"
QUEUE_ARN = {"Fn::GetAtt": ["Queue", "Arn"]}


def resources(function: dict[str, Any], config: dict[str, Any] | None) -> dict[str, Any]:
    """Return a function that always fails, a queue, and perhaps how its events are handled."""
    made = {
        "Role": ROLE,
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Runtime": "python3.13",
                "Handler": "index.lambda_handler",
                "Code": {"ZipFile": FAILS},
                **function,
            },
        },
    }
    if config is not None:
        properties = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", **config}
        made["Config"] = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}
    return made


@pytest.fixture
def failed(
    cloud: LocalCloud, clients: Callable[[str], Any], stacks: Stacks
) -> Callable[..., tuple[dict[str, Any], int]]:
    """Invoke the function of a stack, and give the message that its queue gets, and how often it was tried."""

    def invoke(function: dict[str, Any], config: dict[str, Any] | None = None) -> tuple[dict[str, Any], int]:
        stack = stacks.create(resources(function, config))
        name = stacks.physical_id(stack, "Function")
        url = clients("sqs").get_queue_url(QueueName=stacks.physical_id(stack, "Queue").rsplit("/", 1)[1])
        answer = clients("lambda").invoke(
            FunctionName=name, InvocationType="Event", Payload=b'{"wish": "bread"}'
        )
        assert answer["StatusCode"] == 202
        [message] = clients("sqs").receive_message(
            QueueUrl=url["QueueUrl"], WaitTimeSeconds=20, MessageAttributeNames=["All"]
        )["Messages"]
        logs = (cloud.home / "lambda" / "logs" / name).glob("*.log")
        return message, sum(log.read_text().count("tried\n") for log in logs)

    return invoke


def test_a_failed_event_is_in_the_dead_letter_queue(failed: Callable[..., Any]) -> None:
    """It is tried three times; the message is the event, its attributes say why and which request."""
    message, attempts = failed({"DeadLetterConfig": {"TargetArn": QUEUE_ARN}})

    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (json.loads(message["Body"]), attempts) == ({"wish": "bread"}, 3)
    assert (attributes["ErrorCode"], attributes["ErrorMessage"]) == ("200", "no bread")
    assert len(attributes["RequestID"]) == 36


def test_a_failed_event_is_in_the_queue_of_its_destination(failed: Callable[..., Any]) -> None:
    """The record has the event and the error; retries are as configured."""
    message, attempts = failed(
        {}, {"MaximumRetryAttempts": 1, "DestinationConfig": {"OnFailure": {"Destination": QUEUE_ARN}}}
    )

    record = json.loads(message["Body"])
    assert (record["requestPayload"], attempts) == ({"wish": "bread"}, 2)
    assert record["responsePayload"]["errorMessage"] == "no bread"
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestContext"]["functionArn"].endswith(":$LATEST")


@pytest.mark.parametrize(
    "destinations",
    [
        {"OnFailure": {"Destination": "arn:aws:sns:us-west-2:123456789012:topic"}},
        {"OnSuccess": {"Destination": "arn:aws:sqs:us-west-2:123456789012:queue"}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_destination_that_gets_nothing_here_is_refused(
    clients: Callable[[str], Any], probe: str, destinations: dict[str, Any]
) -> None:
    """Only failures, and only queues: anything else would be dropped in silence."""
    with pytest.raises(ClientError, match="sends failures to SQS queues only"):
        clients("lambda").put_function_event_invoke_config(
            FunctionName=probe.rsplit(":", maxsplit=1)[-1], DestinationConfig=destinations
        )
