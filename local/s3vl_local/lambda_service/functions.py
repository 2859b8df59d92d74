"""What moto's Lambda lacks for functions and their versions.

moto 5.2 drops some settings of a function, publishes the same version again, and gives a deleted version's number
to the next one.
"""

from __future__ import annotations

import copy
import uuid
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import (
    ConflictException,
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
)
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction, LambdaStorage
from moto.ec2.models import ec2_backends
from moto.utilities.utils import get_partition

from s3vl_local.faults import FAULTS

from .checks import check_code, check_settings

LATEST = "$LATEST"


class Function(LambdaFunction):
    """A function, or a version of it, that keeps every setting."""

    architectures: list[str]
    kms_key_arn: str | None

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        """Create moto's function, and what moto drops."""
        super().__init__(account_id, spec, region, version)
        self.dead_letter_config: dict[str, str] = spec.get("DeadLetterConfig", {})
        self.logging_config: dict[str, str] = spec.get("LoggingConfig", {})
        self.snap_start: dict[str, str] = spec.get("SnapStart", {"ApplyOn": "None"})
        self.revision_id = str(uuid.uuid4())
        # Of a version: what it was published from.
        self.content: Any = None

    @property
    def log_group(self) -> str:
        """The log group that its output goes to."""
        return self.logging_config.get("LogGroup", f"/aws/lambda/{self.function_name}")

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """Return moto's answer with what moto leaves out or makes up."""
        configuration: dict[str, Any] = super().get_configuration(on_create)
        if self.dead_letter_config.get("TargetArn"):
            configuration["DeadLetterConfig"] = self.dead_letter_config
        if configuration["VpcConfig"]:
            # moto says vpc-123abc for every function.
            subnets = configuration["VpcConfig"]["SubnetIds"]
            ec2 = ec2_backends[self.account_id][self.region]
            configuration["VpcConfig"]["VpcId"] = ec2.get_subnet(subnets[0]).vpc_id if subnets else ""
        ready = self.version != LATEST and self.snap_start["ApplyOn"] == "PublishedVersions"
        return {
            **configuration,
            "LoggingConfig": {
                "LogFormat": "Text",
                **self.logging_config,
                "LogGroup": self.log_group,
            },
            "RevisionId": self.revision_id,
            "SnapStart": {
                "ApplyOn": self.snap_start["ApplyOn"],
                "OptimizationStatus": "On" if ready else "Off",
            },
        }

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Change settings, those that moto drops too."""
        self._check_revision(config_updates)
        if "Environment" in config_updates:
            config_updates = {"Environment": {"Variables": {}}} | config_updates
        super().update_configuration(config_updates)
        self.dead_letter_config = config_updates.get("DeadLetterConfig", self.dead_letter_config)
        self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
        self.snap_start = config_updates.get("SnapStart", self.snap_start)
        self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
        return self._updated()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        """Change the code, unless this is a dry run."""
        self._check_revision(updated_spec)
        if updated_spec.get("DryRun"):
            return self.get_configuration()
        super().update_function_code(updated_spec)
        self.architectures = updated_spec.get("Architectures", self.architectures)
        return self._updated()

    def published(self, number: int, description: str) -> Function:
        """Return the version that publishing makes of this function; nothing in it changes any more."""
        version = copy.copy(self)
        version.code = dict(self.code)
        version.environment_vars = dict(self.environment_vars)
        version.content = self.present_content()
        version.revision_id = str(uuid.uuid4())
        version.set_version(number)
        version.description = description or self.description
        return version

    def present_content(self) -> dict[str, Any]:
        """Return code and configuration, to compare: what is equal to the last version is not published."""
        names = {"FunctionArn", "LastModified", "LastUpdateStatus", "RevisionId", "Version"}
        return {name: value for name, value in self.get_configuration().items() if name not in names}

    def _updated(self) -> dict[str, Any]:
        self.revision_id = str(uuid.uuid4())
        self.last_modified = models.iso_8601_datetime_with_nanoseconds()
        return self.get_configuration()

    def _check_revision(self, request: dict[str, Any]) -> None:
        if request.get("RevisionId") not in (None, self.revision_id):
            raise PreconditionFailedException(
                "The Revision Id provided does not match the latest Revision Id. "
                "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
            )


class Storage(LambdaStorage):
    """The functions of a region, with versions whose numbers only grow."""

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start with none."""
        super().__init__(region_name, account_id)
        # By function and qualifier; moto has one for all qualifiers of a function.
        self.event_invoke_configs: dict[tuple[str, str], EventInvokeConfig] = {}

    def publish_version(self, name_or_arn: str, description: str = "") -> Function:
        """Publish the function as it is, or return the last version when it is still that."""
        function: Function = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        group = self._functions[function.function_name]
        if group["versions"] and group["versions"][-1].content == function.present_content():
            last: Function = group["versions"][-1]
            return last
        group["published"] = group.get("published", 0) + 1
        version = function.published(group["published"], description)
        group["versions"].append(version)
        self._arns[version.function_arn] = version
        return version

    def del_function(self, name_or_arn: str, qualifier: str | None = None) -> None:
        """Delete a function, or a version that no alias names."""
        function = self.get_function_by_name_or_arn_with_qualifier(name_or_arn, qualifier)
        name, version = function.function_name, str(function.version)
        if version != LATEST:
            used = [alias.name for alias in self.list_aliases(name) if alias.function_version == version]
            if used:
                raise ConflictException(
                    f"Version {version} of {name} is named by the aliases {', '.join(used)}; move them first."
                )
        super().del_function(name_or_arn, qualifier)
        if version == LATEST:
            for key in [key for key in self.event_invoke_configs if key[0] == name]:
                del self.event_invoke_configs[key]


_create_function = LambdaBackend.create_function


def create_function(self: Any, spec: dict[str, Any]) -> Any:
    """Create a function that Lambda would take."""
    name = spec.get("FunctionName")
    arn = f"arn:{get_partition(self.region_name)}:lambda:{self.region_name}:{self.account_id}:function:{name}"
    check_settings(self.account_id, self.region_name, arn, spec)
    check_code(spec.get("Code", {}))
    return _create_function(self, spec)


def update_function_configuration(
    self: Any, function_name: str, qualifier: str | None, body: dict[str, Any]
) -> Any:
    """Change settings to what Lambda would take."""
    function = self.get_function(function_name, qualifier)
    check_settings(self.account_id, self.region_name, function.function_arn, body)
    return function.update_configuration(body)


def update_function_code(self: Any, function_name: str, qualifier: str | None, body: dict[str, Any]) -> Any:
    """Update the code once; moto does it again in the version that it published meanwhile."""
    if fault := FAULTS.apply("UpdateFunctionCode"):
        raise LambdaClientError(fault.code, fault.message)
    check_code(body)
    function = self.get_function(function_name, qualifier)
    try:
        configuration = function.update_function_code(body)
    except ValueError as error:
        # moto has the words for a bucket or an object that is not there, but not the error.
        raise InvalidParameterValueException(str(error.args[-1])) from error
    if body.get("Publish"):
        return self.publish_version(function.function_name).get_configuration()
    return configuration
