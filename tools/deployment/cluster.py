"""The Aurora cluster's role for Lambda, which CloudFormation attaches only to a cluster of its own."""

from __future__ import annotations

import time
from typing import Any

FEATURE = "Lambda"
_POLL_SECONDS = 3


class Cluster:
    """A cluster, by the ARN in the parameters; it may be in another Region than the stack."""

    def __init__(self, session: Any, arn: str) -> None:
        _, _, _, self.region, self.account, _, self.identifier = arn.split(":")
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
                f"cluster {self.identifier} has the role {role['RoleArn']} for Lambda, and takes only one; "
                f"detach it first: {self._command('remove-role-from-db-cluster', role['RoleArn'])}"
            )

    def attach(self, role_arn: str) -> None:
        """Let the cluster take on the role, and wait until it does."""
        if self.role() is None:
            print(f"attach the role to cluster {self.identifier} …", flush=True)
            self._rds.add_role_to_db_cluster(
                DBClusterIdentifier=self.identifier, RoleArn=role_arn, FeatureName=FEATURE
            )
        while (role := self.role()) is not None and role["Status"] == "PENDING":
            time.sleep(_POLL_SECONDS)
        if role is None or role["Status"] != "ACTIVE":
            raise SystemExit(
                f"cluster {self.identifier} cannot take on the role {role_arn}; see its recent events: "
                f"aws rds describe-events --source-type db-cluster --source-identifier {self.identifier}"
            )

    def detach(self, role_arn: str) -> None:
        """Take the stack's role away, if the cluster has it, and wait: IAM would delete it while it is used."""
        if not self._exists():
            return
        while (role := self.role()) is not None and role["RoleArn"] == role_arn:
            if role["Status"] == "ACTIVE":
                print(f"detach the role from cluster {self.identifier} …", flush=True)
                self._rds.remove_role_from_db_cluster(
                    DBClusterIdentifier=self.identifier, RoleArn=role_arn, FeatureName=FEATURE
                )
            else:
                time.sleep(_POLL_SECONDS)

    def _exists(self) -> bool:
        """Tell whether there is a cluster: it may be deleted before its stack."""
        try:
            self._rds.describe_db_clusters(DBClusterIdentifier=self.identifier)
        except self._rds.exceptions.DBClusterNotFoundFault:
            return False
        return True

    def _command(self, verb: str, role_arn: str) -> str:
        """Write the CLI command that attaches or detaches a role."""
        return (
            f"aws rds {verb} --db-cluster-identifier {self.identifier} --role-arn {role_arn} "
            f"--feature-name {FEATURE} --region {self.region}"
        )
