"""What the environment says, read once, on first use: importing this package needs no environment."""

import functools
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The environment of the function."""

    region: str
    function_name: str
    initialized_on_demand: bool
    # Lambda gives processor time in proportion to it. None where nobody says it.
    memory_mb: int | None
    # Of new indexes; the stack sets them with ManageIndexes.
    vector_bucket: str | None
    kms_key_arn: str | None


@functools.cache
def settings() -> Settings:
    """Read the environment; Lambda always sets the first two, and a KeyError names them elsewhere."""
    return Settings(
        region=os.environ["AWS_REGION"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        initialized_on_demand=os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand",
        memory_mb=int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")) or None,
        vector_bucket=os.environ.get("VECTOR_BUCKET_NAME"),
        kms_key_arn=os.environ.get("KMS_KEY_ARN"),
    )
