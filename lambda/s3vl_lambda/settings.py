"""What the environment says, read once, on first use: importing this package needs no environment."""

import functools
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The environment of the function."""

    region: str
    initialized_on_demand: bool


@functools.cache
def settings() -> Settings:
    """Read the environment; Lambda always sets AWS_REGION, and a KeyError names it elsewhere."""
    return Settings(
        region=os.environ["AWS_REGION"],
        initialized_on_demand=os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand",
    )
