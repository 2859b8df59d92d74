"""The Aurora cluster's role for Lambda, which CloudFormation attaches only to a cluster of its own."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from .waiting import wait_until

FEATURE = "Lambda"
# What RDS says of a role that it cannot take on.
_NOT_ASSUMED = "AWS_ROLE_INTEGRATION"
_SECONDS_UNTIL_KNOWN = 60


class Cluster:
    """A cluster, by the ARN in the parameters; it may be in another Region than the stack."""

    def __init__(self, session: Any, arn: str) -> None:
        _, _, _, self.region, _, _, self.identifier = arn.split(":")
        self._rds = session.client("rds", region_name=self.region)

    def role(self) -> dict[str, Any] | None:
        """Return the role for Lambda with its status; a cluster has only one for each feature."""
        [cluster] = self._rds.describe_db_clusters(DBClusterIdentifier=self.identifier)["DBClusters"]
        for role in cluster.get("AssociatedRoles", []):
            if role.get("FeatureName") == FEATURE:
                found: dict[str, Any] = role
                return found
        return None

    def check_room(self, own_role: str | None) -> None:
        """Stop if the cluster invokes Lambda with a role that is not the stack's."""
        role = self.role()
        if role is not None and role["RoleArn"] != own_role:
            raise SystemExit(
                f"nothing was done: cluster {self.identifier} has the role {role['RoleArn']} for Lambda, and takes "
                f"only one. Keep it, and install by hand as in docs/install.md#a-cluster-that-has-a-role-for-lambda; "
                f"or detach it first: aws rds remove-role-from-db-cluster --db-cluster-identifier {self.identifier} "
                f"--role-arn {role['RoleArn']} --feature-name {FEATURE} --region {self.region}"
            )

    def attach(self, role_arn: str) -> None:
        """Let the cluster take on the role, and wait until it does."""
        if self.role() is None:
            print(f"attach the role to cluster {self.identifier} ...", flush=True)
            # IAM tells RDS of a new role some seconds after it was made.
            refusal = wait_until(
                f"RDS knows the role {role_arn}",
                lambda: self._try_to_attach(role_arn),
                busy=lambda refusal: refusal is not None,
                at_most=_SECONDS_UNTIL_KNOWN,
            )
            if refusal is not None:
                raise SystemExit(
                    f"cluster {self.identifier} still refuses the role {role_arn} after {_SECONDS_UNTIL_KNOWN} s: "
                    f"{refusal} See that the role exists and that its trust policy allows rds.amazonaws.com, and "
                    "type the same again"
                )
        role = self._settled_role()
        if role is None or role["Status"] != "ACTIVE":
            raise SystemExit(
                f"cluster {self.identifier} cannot take on the role {role_arn}; see its recent events: "
                f"aws rds describe-events --source-type db-cluster --source-identifier {self.identifier} "
                f"--region {self.region}"
            )

    def _try_to_attach(self, role_arn: str) -> str | None:
        """Attach the role; return what RDS says of one that it does not know yet, or that does not trust it."""
        try:
            self._rds.add_role_to_db_cluster(
                DBClusterIdentifier=self.identifier, RoleArn=role_arn, FeatureName=FEATURE
            )
        except ClientError as error:
            message: str = error.response["Error"]["Message"]
            if _NOT_ASSUMED not in message:
                raise
            return message
        return None

    def detach(self, role_arn: str) -> None:
        """Take the stack's role away, if the cluster has it, and wait: IAM would delete it while it is used."""
        try:
            while (role := self._settled_role()) is not None and role["RoleArn"] == role_arn:
                print(f"detach the role from cluster {self.identifier} ...", flush=True)
                self._rds.remove_role_from_db_cluster(
                    DBClusterIdentifier=self.identifier, RoleArn=role_arn, FeatureName=FEATURE
                )
        except self._rds.exceptions.DBClusterNotFoundFault:
            print(f"cluster {self.identifier} was deleted before")

    def _settled_role(self) -> dict[str, Any] | None:
        """Return the role when RDS is done with attaching or detaching it."""
        return wait_until(
            f"cluster {self.identifier} is done with its role",
            self.role,
            busy=lambda role: role is not None and role["Status"] == "PENDING",
        )
