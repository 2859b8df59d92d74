"""What a signed request says of who signed it."""

from __future__ import annotations

import pytest

from s3vl_local.credential import Credential, find

SCOPE = "AKIAEXAMPLE/20261121/us-gov-west-1/s3vectors/aws4_request"


@pytest.mark.parametrize(
    "text", [SCOPE, f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0"]
)
def test_a_credential_is_found_wherever_it_stands(text: str) -> None:
    """In a query parameter it stands alone, in an Authorization header among other things."""
    assert find(text) == Credential("AKIAEXAMPLE", "20261121", "us-gov-west-1", "s3vectors")


@pytest.mark.parametrize(
    "text", ["", "AWS AKIAEXAMPLE:signature", "Bearer a/b/c", SCOPE.replace("20261121", "today")]
)
def test_what_is_not_signed_has_no_credential(text: str) -> None:
    """Signatures of version 2, tokens and halves of a scope are none."""
    assert find(text) is None
