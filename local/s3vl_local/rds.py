"""The roles of Aurora clusters: what moto's RDS lacks, they can be taken away again, and which there are."""

from __future__ import annotations

from typing import Any

from moto.core.responses import EmptyResult
from moto.rds.exceptions import DBClusterNotFoundError, RDSClientError
from moto.rds.models import RDSBackend, rds_backends
from moto.rds.responses import RDSResponse


class DBClusterRoleNotFoundError(RDSClientError):
    """The role is not associated with the cluster for that feature."""

    def __init__(self, cluster: str, role_arn: str, feature_name: str | None) -> None:
        """Name all three."""
        super().__init__(
            "DBClusterRoleNotFound",
            f"Role {role_arn} is not associated with DB cluster {cluster} for feature {feature_name}.",
        )


def install() -> None:
    """Add RemoveRoleFromDBCluster to moto; it dispatches on the method's name."""
    RDSBackend.remove_role_from_db_cluster = _remove_role
    RDSResponse.remove_role_from_db_cluster = _answer_remove_role


def lambda_roles(account: str, region: str) -> dict[str, str]:
    """Return the role of each cluster that has one for the feature Lambda, by the cluster's ARN."""
    return {
        cluster.db_cluster_arn: role.role_arn
        for cluster in list(rds_backends[account][region].clusters.values())
        for role in cluster.associated_roles
        if role.feature_name == "Lambda"
    }


def _remove_role(self: Any, cluster_identifier: str, role_arn: str, feature_name: str | None) -> None:
    if cluster_identifier not in self.clusters:
        raise DBClusterNotFoundError(cluster_identifier)
    roles = self.clusters[cluster_identifier].associated_roles
    for role in roles:
        if (role.role_arn, role.feature_name) == (role_arn, feature_name):
            roles.remove(role)
            return
    raise DBClusterRoleNotFoundError(cluster_identifier, role_arn, feature_name)


def _answer_remove_role(self: Any) -> Any:
    self.backend.remove_role_from_db_cluster(
        self.params["DBClusterIdentifier"], self.params["RoleArn"], self.params.get("FeatureName")
    )
    return EmptyResult()
