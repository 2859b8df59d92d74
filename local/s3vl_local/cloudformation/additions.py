"""What moto's CloudFormation drops of resources that it creates, and our template needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from collections.abc import Callable


class Function(LambdaFunction):
    """A function that knows its dead-letter queue and its VPC."""

    dead_letter_config: dict[str, str] | None = None

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """Return moto's answer with both."""
        configuration: dict[str, Any] = super().get_configuration(on_create)
        if self.dead_letter_config is not None:
            configuration["DeadLetterConfig"] = self.dead_letter_config
        if configuration["VpcConfig"]:
            # moto says vpc-123abc for every function.
            subnet, *_ = configuration["VpcConfig"]["SubnetIds"]
            ec2 = ec2_backends[self.account_id][self.region]
            configuration["VpcConfig"]["VpcId"] = ec2.get_subnet(subnet).vpc_id
        return configuration


def _add_to_function(function: Any, properties: dict[str, Any]) -> None:
    function.architectures = properties.get("Architectures", ["x86_64"])
    function.dead_letter_config = properties.get("DeadLetterConfig")


def _add_to_role(role: Any, properties: dict[str, Any]) -> None:
    """Write the policies as JSON; moto's IAM answers with Python's notation of them."""
    for policy in properties.get("Policies", []):
        role.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))


def _add_to_security_group(group: Any, properties: dict[str, Any]) -> None:
    """Replace the rule that lets everything out, as CloudFormation does when it is given others."""
    if "SecurityGroupEgress" not in properties:
        return
    group.egress_rules.clear()
    for rule in properties["SecurityGroupEgress"]:
        group.ec2_backend.authorize_security_group_egress(
            group.id,
            rule["IpProtocol"],
            rule["FromPort"],
            rule["ToPort"],
            [{key: rule[key] for key in ("CidrIp", "Description") if key in rule}],
            vpc_id=group.vpc_id,
        )


ADDITIONS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "AWS::EC2::SecurityGroup": _add_to_security_group,
    "AWS::IAM::Role": _add_to_role,
    "AWS::Lambda::Function": _add_to_function,
}
