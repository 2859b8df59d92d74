"""Clusters and instances: the roles that AWS takes can be added and taken away, and a refused change loses none."""

from __future__ import annotations

from typing import Any

from moto.core.responses import EmptyResult
from moto.rds.exceptions import DBClusterNotFoundError, InvalidParameterValue, RDSClientError
from moto.rds.models import RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

from s3vl_local.iam.enforcement import distrust

SERVICE = "rds.amazonaws.com"
# What DescribeDBEngineVersions calls SupportedFeatureNames, and what the engine is called in errors.
_FEATURES = ("s3Import", "s3Export", "Lambda", "SageMaker", "Comprehend", "Bedrock", "AuroraAnalytics")
ENGINES = {
    "aurora-postgresql": ("Aurora (PostgreSQL)", _FEATURES),
    "postgres": ("PostgreSQL", ("s3Import", "s3Export", "Lambda")),
}

_add_role_to_cluster = RDSBackend.add_role_to_db_cluster
_add_role_to_instance = RDSBackend.add_role_to_db_instance
_modify_cluster = RDSBackend.modify_db_cluster


class DBClusterRoleNotFoundError(RDSClientError):
    """The role is not associated with the cluster for that feature."""

    def __init__(self, cluster: str, role_arn: str, feature_name: str | None) -> None:
        """Name all three."""
        super().__init__(
            "DBClusterRoleNotFound",
            f"Role {role_arn} is not associated with DB cluster {cluster} for feature {feature_name}.",
        )


class DBInstanceRoleNotFoundError(RDSClientError):
    """The role is not associated with the instance for that feature."""

    def __init__(self, instance: str, role_arn: str, feature_name: str | None) -> None:
        """Name all three."""
        super().__init__(
            "DBInstanceRoleNotFound",
            f"Role {role_arn} is not associated with DB instance {instance} for feature {feature_name}.",
        )


def install() -> None:
    """Check the roles that moto takes as they come, and let them go; moto dispatches on a method's name."""
    RDSBackend.add_role_to_db_cluster = add_role_to_db_cluster
    RDSBackend.add_role_to_db_instance = add_role_to_db_instance
    RDSBackend.modify_db_cluster = modify_db_cluster
    RDSResponse.remove_role_from_db_cluster = _answer_remove_from_cluster
    RDSResponse.remove_role_from_db_instance = _answer_remove_from_instance


def lambda_roles(account: str, region: str) -> dict[str, str]:
    """Return the role of each cluster that has one for the feature Lambda, by the cluster's ARN."""
    return {
        cluster.db_cluster_arn: role.role_arn
        for cluster in list(rds_backends[account][region].clusters.values())
        for role in cluster.associated_roles
        if role.feature_name == "Lambda"
    }


def add_role_to_db_cluster(
    self: Any, db_cluster_identifier: str, role_arn: str, feature_name: str | None
) -> None:
    """Add a role that the cluster can take on, for a feature that its engine has."""
    cluster = _cluster(self, db_cluster_identifier)
    _check_feature(cluster.engine, feature_name)
    _check_role(role_arn, cluster.db_cluster_arn)
    _add_role_to_cluster(self, db_cluster_identifier, role_arn, feature_name)


def add_role_to_db_instance(
    self: Any, db_instance_identifier: str, role_arn: str, feature_name: str | None
) -> None:
    """Add a role that the instance can take on, for a feature that its engine has."""
    [instance] = self.describe_db_instances(db_instance_identifier)
    _check_feature(instance.engine, feature_name)
    _check_role(role_arn, instance.db_instance_arn)
    _add_role_to_instance(self, db_instance_identifier, role_arn, feature_name)


def modify_db_cluster(self: Any, kwargs: dict[str, Any]) -> Any:
    """Modify a cluster that is there; moto takes it out first, and leaves it out when it refuses the change."""
    identifier = kwargs["db_cluster_identifier"]
    cluster = _cluster(self, identifier)
    try:
        return _modify_cluster(self, kwargs)
    except Exception:
        self.clusters[identifier] = cluster
        raise


def _check_feature(engine: str, feature_name: str | None) -> None:
    if engine not in ENGINES:
        return
    name, features = ENGINES[engine]
    if not feature_name:
        raise InvalidParameterValue(
            f"The feature-name parameter must be provided with the current operation for the {name} engine."
        )
    if feature_name not in features:
        # The words are assumed.
        raise InvalidParameterValue(
            f"The feature-name parameter {feature_name} is not supported by the {name} engine. "
            f"Supported feature names: {', '.join(features)}."
        )


def _check_role(role_arn: str, database_arn: str) -> None:
    """Take the role on, as RDS does when it is attached; its words do not tell what is wrong with it."""
    if distrust(SERVICE, role_arn, database_arn):
        raise InvalidParameterValue(
            "IAM role ARN value is invalid or does not include the required permissions for: AWS_ROLE_INTEGRATION"
        )


def _cluster(backend: Any, identifier: str) -> Any:
    if identifier not in backend.clusters:
        raise DBClusterNotFoundError(identifier)
    return backend.clusters[identifier]


def _answer_remove_from_cluster(self: Any) -> Any:
    identifier = self.params["DBClusterIdentifier"]
    found = _cluster(self.backend, identifier)
    if not _remove(found, self.params):
        raise DBClusterRoleNotFoundError(identifier, self.params["RoleArn"], self.params.get("FeatureName"))
    return EmptyResult()


def _answer_remove_from_instance(self: Any) -> Any:
    identifier = self.params["DBInstanceIdentifier"]
    [found] = self.backend.describe_db_instances(identifier)
    if not _remove(found, self.params):
        raise DBInstanceRoleNotFoundError(identifier, self.params["RoleArn"], self.params.get("FeatureName"))
    return EmptyResult()


def _remove(database: Any, parameters: dict[str, Any]) -> bool:
    """Take a role away, if the cluster or instance has it."""
    roles = database.associated_roles
    for role in roles:
        if (role.role_arn, role.feature_name) == (parameters["RoleArn"], parameters.get("FeatureName")):
            roles.remove(role)
            return True
    return False
