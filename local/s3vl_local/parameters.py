"""Fills cloudformation/parameters.json for the local cloud, as a reader of the post does by hand for AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(folder: Path, environment: Mapping[str, str]) -> Path:
    """Copy parameters-example.json without its comments, with the VPC and subnets that exist here."""
    entries = json.loads((folder / "parameters-example.json").read_text(encoding="utf-8"))
    ec2 = boto3.client(
        "ec2",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
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
