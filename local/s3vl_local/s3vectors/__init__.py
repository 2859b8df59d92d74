"""Amazon S3 Vectors as of November 2026, inside moto's server.

The service as its model and its users describe it: limits, error texts, paging and filters included.
Files follow moto: `urls` → `responses` (HTTP) → `models` (state), with one file per subject below them.
"""

from __future__ import annotations

import moto.s3vectors
from moto.cloudformation import parsing

# Imported for its effect: moto finds CloudFormation resources among the subclasses that exist.
from s3vl_local.s3vectors import cloudformation  # noqa: F401
from s3vl_local.s3vectors.models import s3vectors_backends


def install() -> None:
    """Make moto's server serve S3 Vectors from this package, and CloudFormation create its resources."""
    # moto.backends.get_backend takes the backends of a service from its package, under this name.
    moto.s3vectors.s3vectors_backends = s3vectors_backends
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
