"""AWS::IAM: roles with inline policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from s3vl_local.cloudformation.resources import Place, Resource, ResourceType, Shape, policy_document

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend


class Role(ResourceType):
    """A role."""

    name = "AWS::IAM::Role"
    properties: ClassVar[Shape] = {
        "AssumeRolePolicyDocument": None,
        "Description": None,
        "MaxSessionDuration": int,
        "Path": None,
        "PermissionsBoundary": None,
        "Policies": {"PolicyDocument": None, "PolicyName": None},
        "RoleName": None,
    }
    attributes = frozenset({"Arn", "RoleId"})
    replacing = frozenset({"Path", "RoleName"})
    name_property = "RoleName"
    name_limit = 64
    gone = (NotFoundException,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the role."""
        backend = _backend(place)
        trust = policy_document(properties["AssumeRolePolicyDocument"])
        role = backend.create_role(
            role_name=name,
            assume_role_policy_document=trust,
            path=properties.get("Path", "/"),
            permissions_boundary=properties.get("PermissionsBoundary"),
            description=properties.get("Description", ""),
            tags=[],
            max_session_duration=properties.get("MaxSessionDuration", 3600),
        )
        try:
            self._put_policies(backend, name, properties)
        except Exception:
            role.policies.clear()
            backend.delete_role(name)
            raise
        return name, {"Arn": role.arn, "RoleId": role.id}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Change everything but name and path."""
        backend, name = _backend(place), resource.physical_resource_id
        backend.update_assume_role_policy(name, policy_document(properties["AssumeRolePolicyDocument"]))
        backend.update_role(
            name, properties.get("Description", ""), properties.get("MaxSessionDuration", 3600)
        )
        backend.put_role_permissions_boundary(name, properties.get("PermissionsBoundary"))
        self._put_policies(backend, name, properties)
        kept = {policy["PolicyName"] for policy in properties.get("Policies", [])}
        for policy in resource.properties.get("Policies", []):
            if policy["PolicyName"] not in kept:
                backend.delete_role_policy(name, policy["PolicyName"])

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the role and the policies in it, those that others put there too, as CloudFormation does."""
        backend = _backend(place)
        backend.get_role(resource.physical_resource_id).policies.clear()
        backend.delete_role(resource.physical_resource_id)

    def _put_policies(self, backend: IAMBackend, name: str, properties: dict[str, Any]) -> None:
        for policy in properties.get("Policies", []):
            backend.put_role_policy(name, policy["PolicyName"], policy_document(policy["PolicyDocument"]))


def _backend(place: Place) -> IAMBackend:
    return iam_backends[place.account][place.partition]
