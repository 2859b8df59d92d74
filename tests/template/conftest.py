"""The template as data, and an AWS account to create it in: moto, as the local cloud extends it."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.cloudformation.models import Stack
from moto.moto_api._internal.models import moto_api_backend

from fixtures_s3vectors import served
from s3vl_local import cloudformation, rds
from s3vl_local.iam import managed

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOUDFORMATION = Path(__file__).resolve().parents[2] / "cloudformation"
REGION = "us-west-2"
STACK = "sample-rds-lambda-s3vector-integration"


@dataclass(frozen=True)
class Account:
    """An AWS account, behind the address of its APIs."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the AWS CLI use it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a boto3 client for one of the services."""
        return _client(self.url, service, region)

    def parameters(self, region: str = REGION, **changes: str | None) -> list[dict[str, str]]:
        """Return the post's parameters with subnets that exist here; a change to None leaves one out."""
        subnets = self.client("ec2", region).describe_subnets()["Subnets"][:3]
        changes = {
            "VpcId": subnets[0]["VpcId"],
            "SubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets),
            **changes,
        }
        values = {**example_parameters(), **changes}
        return [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in values.items()
            if value is not None
        ]

    def key(self) -> str:
        """Create a KMS key and return its ARN."""
        arn: str = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        return arn

    def create(self, template: str, region: str = REGION, **changes: str | None) -> dict[str, str]:
        """Create the stack and return its outputs."""
        self.client("cloudformation", region).create_stack(
            StackName=STACK,
            TemplateBody=template,
            Parameters=self.parameters(region, **changes),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return self.outputs("CREATE_COMPLETE", region)

    def update(self, template: str, **changes: str | None) -> dict[str, str]:
        """Update the stack to these parameters, and return its outputs."""
        self.client("cloudformation").update_stack(
            StackName=STACK,
            TemplateBody=template,
            Parameters=self.parameters(**changes),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return self.outputs("UPDATE_COMPLETE")

    def outputs(self, status: str, region: str = REGION) -> dict[str, str]:
        """Return the outputs of the stack, which must have come this far."""
        [stack] = self.client("cloudformation", region).describe_stacks(StackName=STACK)["Stacks"]
        assert stack["StackStatus"] == status
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def delete(self) -> None:
        """Delete the stack."""
        self.client("cloudformation").delete_stack(StackName=STACK)

    def left_over(self) -> list[str]:
        """Return the names of everything that there is and a stack could have created."""
        endpoints = self.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
        groups = self.client("ec2").describe_security_groups()["SecurityGroups"]
        buckets = self.client("s3vectors").list_vector_buckets()["vectorBuckets"]
        return [
            *(part["FunctionName"] for part in self.client("lambda").list_functions()["Functions"]),
            *(part["RoleName"] for part in self.client("iam").list_roles()["Roles"]),
            *(part["logGroupName"] for part in self.client("logs").describe_log_groups()["logGroups"]),
            *self.client("sqs").list_queues().get("QueueUrls", []),
            *(part["GroupName"] for part in groups if part["GroupName"] != "default"),
            *(part["VpcEndpointId"] for part in endpoints if part["State"] != "deleted"),
            *(part["vectorBucketName"] for part in buckets),
            *(part["AlarmName"] for part in self.client("cloudwatch").describe_alarms()["MetricAlarms"]),
            *(
                part["DashboardName"]
                for part in self.client("cloudwatch").list_dashboards()["DashboardEntries"]
            ),
        ]


@functools.cache
def _client(url: str, service: str, region: str) -> Any:
    """Make a client once; boto3 takes a tenth of a second for each."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def example_parameters() -> dict[str, str]:
    """Return parameters-example.json as a reader leaves it: without comments."""
    entries = json.loads((CLOUDFORMATION / "parameters-example.json").read_text())
    return {
        entry["ParameterKey"]: entry["ParameterValue"]
        for entry in entries
        if not entry["ParameterKey"].startswith("_")
    }


@pytest.fixture(scope="session")
def template_text() -> str:
    """Return the template as it is written."""
    return (CLOUDFORMATION / "template.yaml").read_text()


@pytest.fixture(scope="session")
def template(template_text: str) -> dict[str, Any]:
    """Return the template with its functions in the long form."""
    return Stack.parse_template(template_text)


@pytest.fixture(scope="session")
def served_here() -> str:
    """Serve moto for the tests of this folder: what it has loaded is not to be shared with others."""
    return served()


@pytest.fixture(scope="module")
def moto_url(served_here: str) -> Iterator[str]:
    """Give moto what the local cloud adds to it; the tests of other folders get moto back as it was."""
    with pytest.MonkeyPatch.context() as before:
        for module, name in cloudformation.REPLACED:
            before.setattr(module, name, getattr(module, name))
        for part in (cloudformation, managed, rds):
            part.install()
        yield served_here


@pytest.fixture
def account(moto_url: str) -> Account:
    """Return an account with nothing in it."""
    moto_api_backend.reset()
    return Account(moto_url)


@pytest.fixture(scope="module")
def module_account(moto_url: str) -> Account:
    """Return an account with nothing in it, for the tests of a file that share a stack."""
    moto_api_backend.reset()
    return Account(moto_url)
