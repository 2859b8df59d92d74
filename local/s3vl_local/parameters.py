"""Fills cloudformation/parameters.json for the local cloud, as a reader of the post does by hand for AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from s3vl_local.cloud import ROOT, LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Key and value of a parameter, as the AWS CLI takes them.
Entry = dict[str, Any]

EXAMPLE = ROOT / "cloudformation" / "parameters-example.json"
# What the example calls it.
CLUSTER = "your-cluster-name"


def write(target: Path, environment: Mapping[str, str]) -> None:
    """Write the VPC and subnets that exist here into the file; what else it has stays, and the example has the rest.

    The cluster of the example is made, where there is none yet. Stops at a file for a cluster that is not here.
    """
    if not target.parent.is_dir():
        raise LocalCloudError(f"{target} cannot be written: there is no folder {target.parent}")
    example, mine = _read(EXAMPLE), _read(target) if target.exists() else []
    session = boto3.Session(
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    ec2, rds = (session.client(name, endpoint_url=environment["AWS_ENDPOINT_URL"]) for name in ("ec2", "rds"))
    clusters = [cluster["DBClusterArn"] for cluster in rds.describe_db_clusters()["DBClusters"]]
    _check_cluster(target, mine, [*_values(example, "AuroraClusterArn"), *clusters])
    if not clusters:
        # A stand-in: PostgreSQL is there, and the stack wants the cluster that it is on AWS.
        rds.create_db_cluster(
            DBClusterIdentifier=CLUSTER,
            Engine="aurora-postgresql",
            MasterUsername="postgres",
            MasterUserPassword="not-a-secret",
        )
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][:3]
    here = {"VpcId": subnets[0]["VpcId"], "SubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets)}
    target.write_text(json.dumps(filled(mine, example, here), indent=2) + "\n", encoding="utf-8")


def filled(mine: list[Entry], example: list[Entry], here: dict[str, str]) -> list[Entry]:
    """Put together what a file has, what the example has besides, and what is so here; leave comments out."""
    names = {entry["ParameterKey"] for entry in mine}
    entries = [*mine, *(entry for entry in example if entry["ParameterKey"] not in names)]
    return [
        {**entry, "ParameterValue": here.get(entry["ParameterKey"], entry["ParameterValue"])}
        for entry in entries
        if not str(entry["ParameterKey"]).startswith("_")
    ]


def _check_cluster(target: Path, mine: list[Entry], known: list[str]) -> None:
    """Stop if the file is for a cluster that the local cloud does not have: a person wrote it for AWS."""
    for arn in _values(mine, "AuroraClusterArn"):
        if arn not in known:
            raise LocalCloudError(
                f"{target} was not changed: it is for another cluster than the local cloud's,\n{arn}\n"
                "Move it away and type the same again, or keep it, and write another file:\n"
                "make parameters PARAMETERS=local.json"
            )


def _values(entries: list[Entry], name: str) -> list[Any]:
    return [entry["ParameterValue"] for entry in entries if entry["ParameterKey"] == name]


def _read(path: Path) -> list[Entry]:
    """Return the entries of a parameters file."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [{name: entry[name] for name in ("ParameterKey", "ParameterValue")} for entry in entries]
    except OSError as error:
        raise LocalCloudError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise LocalCloudError(
            f'{path} is not a JSON list of {{"ParameterKey": ..., "ParameterValue": ...}} ({error!r}).\n'
            "Correct it, or move it away and type the same again."
        ) from None
