"""The role of an Aurora cluster in the local cloud: added, listed, and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from conftest import Account

ROLE = {
    "DBClusterIdentifier": "mine",
    "RoleArn": "arn:aws:iam::123456789012:role/s3vl-aurora-lambda-role",
    "FeatureName": "Lambda",
}


@pytest.fixture
def rds(account: Account) -> Any:
    """Return the RDS API, with a cluster that has a role for Lambda."""
    client = account.client("rds")
    client.create_db_cluster(
        DBClusterIdentifier="mine",
        Engine="aurora-postgresql",
        MasterUsername="postgres",
        MasterUserPassword="long-enough",
    )
    client.describe_db_clusters()
    client.add_role_to_db_cluster(**ROLE)
    return client


def roles(rds: Any) -> list[tuple[str, str, str]]:
    """Return what describe-db-clusters lists."""
    [cluster] = rds.describe_db_clusters()["DBClusters"]
    return [(role["RoleArn"], role["FeatureName"], role["Status"]) for role in cluster["AssociatedRoles"]]


def test_an_added_role_is_listed(rds: Any) -> None:
    """The cluster shows its role, feature and status."""
    assert roles(rds) == [(ROLE["RoleArn"], "Lambda", "ACTIVE")]


def test_a_second_lambda_role_is_refused(rds: Any) -> None:
    """Aurora supports one Lambda role per cluster."""
    with pytest.raises(ClientError) as refused:
        rds.add_role_to_db_cluster(**{**ROLE, "RoleArn": "arn:aws:iam::123456789012:role/other"})

    assert refused.value.response["Error"]["Code"] == "DBClusterRoleAlreadyExists"
    assert len(roles(rds)) == 1


def test_a_removed_role_is_gone_and_another_can_be_added(rds: Any) -> None:
    """Removing makes place for another role."""
    rds.remove_role_from_db_cluster(**ROLE)
    before = roles(rds)
    other = "arn:aws:iam::123456789012:role/other"
    rds.add_role_to_db_cluster(**{**ROLE, "RoleArn": other})

    assert before == []
    assert roles(rds) == [(other, "Lambda", "ACTIVE")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RoleArn": "arn:aws:iam::123456789012:role/other"}, "DBClusterRoleNotFound"),
        ({"FeatureName": "s3Import"}, "DBClusterRoleNotFound"),
        ({"DBClusterIdentifier": "missing"}, "DBClusterNotFoundFault"),
    ],
)
def test_what_is_not_there_cannot_be_removed(rds: Any, changes: dict[str, str], code: str) -> None:
    """An absent role, feature or cluster has its own error, and the role that is there stays."""
    with pytest.raises(ClientError) as refused:
        rds.remove_role_from_db_cluster(**{**ROLE, **changes})

    assert refused.value.response["Error"]["Code"] == code
    assert len(roles(rds)) == 1
