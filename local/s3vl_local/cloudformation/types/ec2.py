"""AWS::EC2: security groups, rules of them, and interface endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.ec2.exceptions import (
    InvalidPermissionNotFoundError,
    InvalidSecurityGroupNotFoundError,
    InvalidVpcEndPointIdError,
)
from moto.ec2.models import ec2_backends

from s3vl_local.cloudformation.resources import (
    Place,
    Resource,
    ResourceType,
    Shape,
    boolean,
    changed,
    policy_document,
)

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend

INGRESS: Shape = {
    "CidrIp": None,
    "Description": None,
    "FromPort": int,
    "IpProtocol": None,
    "SourceSecurityGroupId": None,
    "ToPort": int,
}
EGRESS: Shape = {
    "CidrIp": None,
    "Description": None,
    "DestinationSecurityGroupId": None,
    "FromPort": int,
    "IpProtocol": None,
    "ToPort": int,
}


class SecurityGroup(ResourceType):
    """A security group, and the rules that are written in it."""

    name = "AWS::EC2::SecurityGroup"
    properties: ClassVar[Shape] = {
        "GroupDescription": None,
        "GroupName": None,
        "SecurityGroupEgress": EGRESS,
        "SecurityGroupIngress": INGRESS,
        "VpcId": None,
    }
    attributes = frozenset({"GroupId", "VpcId"})
    replacing = frozenset({"GroupDescription", "GroupName", "VpcId"})
    name_property = "GroupName"
    gone = (InvalidSecurityGroupNotFoundError,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the group; rules for what goes out take the place of the one that lets out everything."""
        backend = _backend(place)
        group = backend.create_security_group(name, properties["GroupDescription"], properties.get("VpcId"))
        try:
            if "SecurityGroupEgress" in properties:
                group.egress_rules.clear()
            self._authorize(backend, group.id, properties, {"SecurityGroupEgress", "SecurityGroupIngress"})
        except Exception:
            backend.delete_security_group(group_id=group.id)
            raise
        return group.id, {"GroupId": group.id, "VpcId": group.vpc_id}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Write the changed lists of rules again; rules that are resources of their own stay."""
        backend, identifier = _backend(place), resource.physical_resource_id
        lists = changed(resource.properties, properties)
        for rule in resource.properties.get("SecurityGroupIngress", []):
            if "SecurityGroupIngress" in lists:
                backend.revoke_security_group_ingress(**_rule(identifier, rule))
        if "SecurityGroupEgress" in lists:
            backend.get_security_group_from_id(identifier).egress_rules.clear()
            if "SecurityGroupEgress" not in properties:
                everything = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
                properties = {**properties, "SecurityGroupEgress": [everything]}
        self._authorize(backend, identifier, properties, lists)

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the group."""
        _backend(place).delete_security_group(group_id=resource.physical_resource_id)

    def _authorize(
        self, backend: EC2Backend, identifier: str, properties: dict[str, Any], lists: set[str]
    ) -> None:
        for name, authorize in (
            ("SecurityGroupIngress", backend.authorize_security_group_ingress),
            ("SecurityGroupEgress", backend.authorize_security_group_egress),
        ):
            if name in lists:
                for rule in properties.get(name, []):
                    authorize(**_rule(identifier, rule))


class SecurityGroupIngress(ResourceType):
    """One rule for what comes in. A changed one is another one, as in AWS but for the description."""

    name = "AWS::EC2::SecurityGroupIngress"
    properties: ClassVar[Shape] = {**INGRESS, "GroupId": None}
    replacing = frozenset(properties)
    gone = (InvalidPermissionNotFoundError, InvalidSecurityGroupNotFoundError)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Add the rule to its group."""
        del name
        [rule], _ = _backend(place).authorize_security_group_ingress(
            **_rule(properties["GroupId"], properties)
        )
        return rule.id, {}

    def delete(self, place: Place, resource: Resource) -> None:
        """Take the rule away from its group."""
        _backend(place).revoke_security_group_ingress(
            resource.properties["GroupId"], "", "", "", [], security_rule_ids=[resource.physical_resource_id]
        )


class VpcEndpoint(ResourceType):
    """An interface endpoint."""

    name = "AWS::EC2::VPCEndpoint"
    properties: ClassVar[Shape] = {
        "PolicyDocument": None,
        "PrivateDnsEnabled": boolean,
        "SecurityGroupIds": None,
        "ServiceName": None,
        "SubnetIds": None,
        "VpcEndpointType": None,
        "VpcId": None,
    }
    attributes = frozenset({"Id"})
    replacing = frozenset({"ServiceName", "VpcEndpointType", "VpcId"})
    gone = (InvalidVpcEndPointIdError,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the endpoint."""
        del name
        endpoint = _backend(place).create_vpc_endpoint(
            vpc_id=properties["VpcId"],
            service_name=properties["ServiceName"],
            endpoint_type=properties.get("VpcEndpointType", "Gateway"),
            policy_document=policy_document(properties.get("PolicyDocument")),
            route_table_ids=[],
            subnet_ids=properties.get("SubnetIds", []),
            security_group_ids=list(properties.get("SecurityGroupIds", [])),
            private_dns_enabled=properties.get("PrivateDnsEnabled", False),
        )
        return endpoint.id, {"Id": endpoint.id}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Change policy, DNS, subnets and security groups."""
        [endpoint] = _backend(place).describe_vpc_endpoints([resource.physical_resource_id])
        endpoint.policy_document = policy_document(properties.get("PolicyDocument", endpoint.DEFAULT_POLICY))
        endpoint.private_dns_enabled = properties.get("PrivateDnsEnabled", False)
        endpoint.subnet_ids = list(properties.get("SubnetIds", []))
        endpoint.security_group_ids = list(properties.get("SecurityGroupIds", []))

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the endpoint and its network interfaces; moto would go on showing it as deleted."""
        backend = _backend(place)
        [endpoint] = backend.describe_vpc_endpoints([resource.physical_resource_id])
        backend.delete_vpc_endpoints([endpoint.id])
        del backend.vpc_end_points[endpoint.id]


def _rule(group: str, rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as the arguments of moto's methods."""
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    ranges = [{"CidrIp": rule["CidrIp"], **described}] if "CidrIp" in rule else []
    peers = [
        {"GroupId": rule[key], **described}
        for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId")
        if key in rule
    ]
    return {
        "group_name_or_id": group,
        "ip_protocol": str(rule["IpProtocol"]),
        "from_port": rule.get("FromPort", -1),
        "to_port": rule.get("ToPort", -1),
        "ip_ranges": ranges,
        "source_groups": peers,
    }


def _backend(place: Place) -> EC2Backend:
    return ec2_backends[place.account][place.region]
