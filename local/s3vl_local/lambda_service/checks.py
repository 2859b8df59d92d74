"""What Lambda refuses of a function's code and settings, and moto takes or answers with 500."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends

from s3vl_local.iam.enforcement import distrust

SERVICE = "lambda.amazonaws.com"
MAX_ENVIRONMENT_BYTES = 4096
RESERVED_NAMES = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
}


def check_settings(account: str, region: str, arn: str, settings: dict[str, Any]) -> None:
    """Refuse settings of CreateFunction or UpdateFunctionConfiguration, whichever are given."""
    if "Role" in settings and distrust(SERVICE, settings["Role"], arn):
        raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
    _check_environment((settings.get("Environment") or {}).get("Variables") or {})
    _check_network(ec2_backends[account][region], settings.get("VpcConfig") or {})


def check_code(code: dict[str, Any]) -> None:
    """Refuse what is no zip, though it was sent as one."""
    if "ZipFile" not in code:
        return
    try:
        archive = base64.b64decode(code["ZipFile"])
    except (binascii.Error, TypeError) as error:
        raise InvalidParameterValueException(f"The code is not base64: {error}") from error
    if not zipfile.is_zipfile(io.BytesIO(archive)):
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        )


def _check_environment(variables: dict[str, str]) -> None:
    if reserved := sorted(RESERVED_NAMES & variables.keys()):
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used "
            f"in this request: {', '.join(reserved)}"
        )
    size = sum(len(f"{name}{value}".encode()) for name, value in variables.items())
    if size > MAX_ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit: {size} bytes"
        )


def _check_network(ec2: Any, network: dict[str, list[str]]) -> None:
    subnets, groups = network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        raise InvalidParameterValueException(
            "SecurityGroupIds and SubnetIds must both be empty or both be not empty."
        )
    for subnet in subnets:
        try:
            ec2.get_subnet(subnet)
        except EC2ClientError as error:
            raise InvalidParameterValueException(
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. "
                f"EC2 Error Message: The subnet ID '{subnet}' does not exist"
            ) from error
    for group in groups:
        if ec2.get_security_group_from_id(group) is None:
            raise InvalidParameterValueException(
                "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. "
                f"EC2 Error Message: The security group '{group}' does not exist"
            )
