"""What the environment says, read once, on first use: importing this package needs no environment."""

import functools
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The environment of the function."""

    region: str


@functools.cache
def settings() -> Settings:
    """Read the environment; Lambda always sets AWS_REGION, and a KeyError names it elsewhere."""
    return Settings(region=os.environ["AWS_REGION"])
