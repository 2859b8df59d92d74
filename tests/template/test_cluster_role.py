"""The roles of a cluster and of an instance in the local cloud: added, listed, removed, and refused as RDS does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_probe import TRUST

if TYPE_CHECKING:
    from conftest import Account

ROLES = "arn:aws:iam::123456789012:role"
ROLE = {
    "DBClusterIdentifier": "mine",
    "RoleArn": f"{ROLES}/s3vl-aurora-lambda-role",
    "FeatureName": "Lambda",
}
ROLE_OF_INSTANCE = {
    "DBInstanceIdentifier": "one",
    "RoleArn": f"{ROLES}/s3vl-aurora-lambda-role",
    "FeatureName": "Lambda",
}
# Recorded on AWS, for a cluster of Neptune, whose API this is too.
NOT_ASSUMED = (
    "IAM role ARN value is invalid or does not include the required permissions for: AWS_ROLE_INTEGRATION"
)
NO_FEATURE = (
    "The feature-name parameter must be provided with the current operation for the Aurora (PostgreSQL)"
)


@pytest.fixture
def rds(account: Account) -> Any:
    """Return the RDS API, with a cluster that has a role for Lambda, and an instance that has none."""
    iam = account.client("iam")
    for name, service in (
        ("s3vl-aurora-lambda-role", "rds.amazonaws.com"),
        ("other", "rds.amazonaws.com"),
        ("of-lambda", "lambda.amazonaws.com"),
    ):
        document = json.dumps(TRUST).replace("lambda.amazonaws.com", service)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    client = account.client("rds")
    login = {"MasterUsername": "postgres", "MasterUserPassword": "long-enough"}
    client.create_db_cluster(DBClusterIdentifier="mine", Engine="aurora-postgresql", **login)
    client.create_db_instance(
        DBInstanceIdentifier="one",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        **login,
    )
    client.describe_db_clusters()
    client.describe_db_instances()
    client.add_role_to_db_cluster(**ROLE)
    return client


def roles(rds: Any) -> list[tuple[str, str, str]]:
    """Return what describe-db-clusters lists."""
    [cluster] = rds.describe_db_clusters()["DBClusters"]
    return [(role["RoleArn"], role["FeatureName"], role["Status"]) for role in cluster["AssociatedRoles"]]


def roles_of_instance(rds: Any) -> list[str]:
    """Return what describe-db-instances lists."""
    [instance] = rds.describe_db_instances()["DBInstances"]
    return [role["RoleArn"] for role in instance["AssociatedRoles"]]


def test_an_added_role_is_listed(rds: Any) -> None:
    """The cluster shows its role, feature and status."""
    assert roles(rds) == [(ROLE["RoleArn"], "Lambda", "ACTIVE")]


def test_a_second_lambda_role_is_refused(rds: Any) -> None:
    """Aurora supports one Lambda role per cluster."""
    with pytest.raises(ClientError) as refused:
        rds.add_role_to_db_cluster(**{**ROLE, "RoleArn": f"{ROLES}/other"})

    assert refused.value.response["Error"]["Code"] == "DBClusterRoleAlreadyExists"
    assert len(roles(rds)) == 1


def test_a_removed_role_is_gone_and_another_can_be_added(rds: Any) -> None:
    """Removing makes place for another role."""
    rds.remove_role_from_db_cluster(**ROLE)
    before = roles(rds)
    other = f"{ROLES}/other"
    rds.add_role_to_db_cluster(**{**ROLE, "RoleArn": other})

    assert before == []
    assert roles(rds) == [(other, "Lambda", "ACTIVE")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RoleArn": f"{ROLES}/other"}, "DBClusterRoleNotFound"),
        ({"FeatureName": "s3Import"}, "DBClusterRoleNotFound"),
        ({"FeatureName": "lambda"}, "DBClusterRoleNotFound"),
        ({"DBClusterIdentifier": "missing"}, "DBClusterNotFoundFault"),
    ],
)
def test_what_is_not_there_cannot_be_removed(rds: Any, changes: dict[str, str], code: str) -> None:
    """An absent role, feature or cluster has its own error, and the role that is there stays."""
    with pytest.raises(ClientError) as refused:
        rds.remove_role_from_db_cluster(**{**ROLE, **changes})

    assert refused.value.response["Error"]["Code"] == code
    assert len(roles(rds)) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"FeatureName": "lambda"}, "The feature-name parameter lambda is not supported by the Aurora"),
        ({"FeatureName": "S3Import"}, "The feature-name parameter S3Import is not supported by the Aurora"),
        ({"FeatureName": ""}, NO_FEATURE),
        ({"RoleArn": f"{ROLES}/does-not-exist"}, NOT_ASSUMED),
        ({"RoleArn": f"{ROLES}/of-lambda"}, NOT_ASSUMED),
        ({"RoleArn": "s3vl-aurora-lambda-role"}, NOT_ASSUMED),
    ],
)
def test_a_role_that_the_cluster_cannot_take_on_is_refused(
    rds: Any, changes: dict[str, str], message: str
) -> None:
    """A feature is one that the engine has, in its own letters; a role exists and trusts RDS."""
    rds.remove_role_from_db_cluster(**ROLE)
    with pytest.raises(ClientError) as refused:
        rds.add_role_to_db_cluster(**{**ROLE, **changes})

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert refused.value.response["Error"]["Message"].startswith(message)
    assert roles(rds) == []


def test_an_instance_takes_and_gives_back_a_role(rds: Any) -> None:
    """RDS for PostgreSQL attaches roles to instances, with the same checks."""
    for changes in ({"FeatureName": "lambda"}, {"RoleArn": f"{ROLES}/of-lambda"}):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            rds.add_role_to_db_instance(**{**ROLE_OF_INSTANCE, **changes})
    rds.add_role_to_db_instance(**ROLE_OF_INSTANCE)
    assert roles_of_instance(rds) == [ROLE["RoleArn"]]

    rds.remove_role_from_db_instance(**ROLE_OF_INSTANCE)
    assert roles_of_instance(rds) == []
    with pytest.raises(ClientError, match="DBInstanceRoleNotFound"):
        rds.remove_role_from_db_instance(**ROLE_OF_INSTANCE)
