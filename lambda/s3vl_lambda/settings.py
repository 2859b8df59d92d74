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


@functools.cache
def settings() -> Settings:
    """Read the environment; Lambda always sets the first two, and a KeyError names them elsewhere."""
    return Settings(
        region=os.environ["AWS_REGION"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        initialized_on_demand=os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand",
    )
