"""AWS::Lambda: functions, their versions and aliases, and what becomes of asynchronous invocations."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import TYPE_CHECKING, Any, ClassVar

from moto.awslambda.exceptions import UnknownAliasException, UnknownEventConfig, UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.cloudformation.exceptions import ValidationError

from s3vl_local.cloudformation.resources import Place, Resource, ResourceType, Shape, changed
from s3vl_local.lambda_service import event_invoke

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend

# What Lambda has when a template says nothing, for a property that an update takes away.
DEFAULTS: dict[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "KmsKeyArn": None,
    "LoggingConfig": {},
    "MemorySize": 128,
    "SnapStart": {"ApplyOn": "None"},
    "Timeout": 3,
    "VpcConfig": {"SecurityGroupIds": [], "SubnetIds": []},
}
# These are not changed by UpdateFunctionConfiguration.
_ELSEWHERE = {"Architectures", "Code", "ReservedConcurrentExecutions"}


class Function(ResourceType):
    """A function with inline code."""

    name = "AWS::Lambda::Function"
    properties: ClassVar[Shape] = {
        "Architectures": None,
        "Code": {"ZipFile": None},
        "DeadLetterConfig": {"TargetArn": None},
        "Description": None,
        "Environment": {"Variables": None},
        "FunctionName": None,
        "Handler": None,
        "KmsKeyArn": None,
        "LoggingConfig": {
            "ApplicationLogLevel": None,
            "LogFormat": None,
            "LogGroup": None,
            "SystemLogLevel": None,
        },
        "MemorySize": int,
        "ReservedConcurrentExecutions": int,
        "Role": None,
        "Runtime": None,
        "SnapStart": {"ApplyOn": None},
        "Timeout": int,
        "VpcConfig": {"SecurityGroupIds": None, "SubnetIds": None},
    }
    attributes = frozenset({"Arn"})
    replacing = frozenset({"FunctionName"})
    name_property = "FunctionName"
    name_limit = 64
    gone = (UnknownFunctionException,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the function."""
        backend = _backend(place)
        if name in [function.function_name for function in backend.list_functions()]:
            raise ValidationError(message=f"{name} already exists")
        code = {"ZipFile": base64.b64encode(_zip(properties["Code"]["ZipFile"])).decode()}
        function = backend.create_function({**_settings(properties), "FunctionName": name, "Code": code})
        return name, {"Arn": function.function_arn}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Change what differs and nothing else: code that was uploaded stays while the template's code does."""
        backend, name = _backend(place), resource.physical_resource_id
        names = changed(resource.properties, properties)
        settings = _settings({**DEFAULTS, **properties}, names - _ELSEWHERE)
        if settings:
            backend.update_function_configuration(name, None, settings)
        if names & {"Code", "Architectures"}:
            code: dict[str, Any] = {"Architectures": properties.get("Architectures", ["x86_64"])}
            if "Code" in names:
                code["ZipFile"] = base64.b64encode(_zip(properties["Code"]["ZipFile"])).decode()
            backend.update_function_code(name, None, code)
        if "ReservedConcurrentExecutions" in names:
            backend.put_function_concurrency(name, properties.get("ReservedConcurrentExecutions"))

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the function with its versions and aliases."""
        _backend(place).delete_function(resource.physical_resource_id)


class Version(ResourceType):
    """A published version, which never changes."""

    name = "AWS::Lambda::Version"
    properties: ClassVar[Shape] = {"Description": None, "FunctionName": None}
    attributes = frozenset({"FunctionArn", "Version"})
    replacing = frozenset(properties)
    gone = (UnknownFunctionException,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Publish what the function is now, if it is not published yet."""
        del name
        backend, function = _backend(place), properties["FunctionName"]
        before = [version.version for version in backend.list_versions_by_function(function)]
        version = backend.publish_version(function, properties.get("Description", ""))
        if version.version in before:
            raise ValidationError(
                message=f"A version for this Lambda function exists ( {version.version} ). "
                "Modify the function to create a new version."
            )
        return version.function_arn, {"FunctionArn": version.function_arn, "Version": str(version.version)}

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the version."""
        _backend(place).delete_function(resource.physical_resource_id)


class Alias(ResourceType):
    """A name for a version."""

    name = "AWS::Lambda::Alias"
    properties: ClassVar[Shape] = {
        "Description": None,
        "FunctionName": None,
        "FunctionVersion": None,
        "Name": None,
    }
    attributes = frozenset({"AliasArn"})
    replacing = frozenset({"FunctionName", "Name"})
    name_property = "Name"
    gone = (UnknownAliasException, UnknownFunctionException)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the alias."""
        alias = _backend(place).create_alias(
            name,
            properties["FunctionName"],
            properties["FunctionVersion"],
            properties.get("Description", ""),
            None,
        )
        return alias.arn, {"AliasArn": alias.arn}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Let the alias name another version; what update-alias did stays while the template does not change."""
        names = changed(resource.properties, properties)
        _backend(place).update_alias(
            properties["Name"],
            properties["FunctionName"],
            properties["FunctionVersion"] if "FunctionVersion" in names else None,
            properties.get("Description", "") if "Description" in names else None,
            None,
        )

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the alias."""
        _backend(place).delete_alias(resource.properties["Name"], resource.properties["FunctionName"])


class EventInvokeConfig(ResourceType):
    """How often an asynchronous invocation is tried, and where it goes when it failed."""

    name = "AWS::Lambda::EventInvokeConfig"
    properties: ClassVar[Shape] = {
        "DestinationConfig": {"OnFailure": {"Destination": None}},
        "FunctionName": None,
        "MaximumEventAgeInSeconds": int,
        "MaximumRetryAttempts": int,
        "Qualifier": None,
    }
    replacing = frozenset({"FunctionName", "Qualifier"})
    gone = (UnknownEventConfig, UnknownFunctionException)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Put the configuration, and make up an id, as CloudFormation does."""
        self._put(place, properties)
        return name, {}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Put the whole configuration again."""
        del resource
        self._put(place, properties)

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the configuration."""
        event_invoke.delete(
            _backend(place), resource.properties["FunctionName"], resource.properties["Qualifier"]
        )

    def _put(self, place: Place, properties: dict[str, Any]) -> None:
        config = {name: properties[name] for name in properties.keys() - {"FunctionName", "Qualifier"}}
        event_invoke.put(_backend(place), properties["FunctionName"], properties["Qualifier"], config)


def _settings(properties: dict[str, Any], names: set[str] | None = None) -> dict[str, Any]:
    """Return properties as the API has them, all or some."""
    chosen = {name: value for name, value in properties.items() if names is None or name in names}
    if "KmsKeyArn" in chosen:
        chosen["KMSKeyArn"] = chosen.pop("KmsKeyArn")
    return chosen


def _zip(code: str) -> bytes:
    """Return inline code as the zip that CloudFormation makes of it, the same for the same code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), code)
    return buffer.getvalue()


def _backend(place: Place) -> LambdaBackend:
    return lambda_backends[place.account][place.region]
