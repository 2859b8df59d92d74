"""Following page tokens."""

from __future__ import annotations

from s3vl_lambda.protocol.errors import BrokenContractError


class Tokens:
    """The tokens that led to the pages so far: one that comes again would lead round for ever."""

    def __init__(self, first: str | None) -> None:
        self._seen = {first}

    def follow(self, token: str) -> str:
        """Give the token of the next page."""
        if token in self._seen:
            raise BrokenContractError(
                "S3 Vectors returned the same page token twice, so its pages would never end"
            )
        self._seen.add(token)
        return token
