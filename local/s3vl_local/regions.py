"""Regions that AWS does not have: on AWS no name would lead anywhere, here every request finds the one server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core import DEFAULT_ACCOUNT_ID

from s3vl_local import refusals
from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from werkzeug import Response

    from s3vl_local.credential import Credential

_CODE = "UnknownRegion"


def refusal(credential: Credential, environ: dict[str, Any]) -> Response | None:
    """Answer a request that is signed for a Region that does not exist; None for all others."""
    if credential.region in s3vectors_backends[DEFAULT_ACCOUNT_ID].regions:
        return None
    message = f"AWS has no Region {credential.region}; choose one that it has, such as us-west-2"
    return refusals.error(credential.service, environ, 400, message, _CODE, _CODE)
