"""Fills cloudformation/parameters.json for the local cloud, as a reader of the post does by hand for AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# What parameters-example.json calls it.
CLUSTER = "your-cluster-name"


def write(folder: Path, environment: Mapping[str, str]) -> Path:
    """Copy parameters-example.json without its comments, with the VPC and subnets that exist here.

    The cluster of the example is made, where there is none yet.
    """
    entries = json.loads((folder / "parameters-example.json").read_text(encoding="utf-8"))
    session = boto3.Session(
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    ec2, rds = (session.client(name, endpoint_url=environment["AWS_ENDPOINT_URL"]) for name in ("ec2", "rds"))
    if not rds.describe_db_clusters()["DBClusters"]:
        # A stand-in: PostgreSQL is there, and the stack wants the cluster that it is on AWS.
        rds.create_db_cluster(
            DBClusterIdentifier=CLUSTER,
            Engine="aurora-postgresql",
            MasterUsername="postgres",
            MasterUserPassword="not-a-secret",
        )
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][:3]
    here = {"VpcId": subnets[0]["VpcId"], "SubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets)}
    filled = [
        {**entry, "ParameterValue": here.get(entry["ParameterKey"], entry["ParameterValue"])}
        for entry in entries
        if not entry["ParameterKey"].startswith("_")
    ]
    target = folder / "parameters.json"
    target.write_text(json.dumps(filled, indent=2) + "\n", encoding="utf-8")
    return target
