"""Wildcards as IAM reads them: `*` is any text, `?` any character.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from functools import lru_cache

ARN_PARTS = 6


class UnknownPolicyElementError(ValueError):
    """A policy says something that is not understood here; deciding all the same could allow too much."""


def like(pattern: str, text: str) -> bool:
    """Tell whether a text is as a pattern says; case matters."""
    return _compiled(pattern).fullmatch(text) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """Compare ARNs part by part, so that a wildcard stays within its part; parts left out at the end are any."""
    if pattern == "*":
        return True
    patterns = pattern.split(":", ARN_PARTS - 1)
    patterns += ["*"] * (ARN_PARTS - len(patterns))
    parts = arn.split(":", ARN_PARTS - 1)
    return len(parts) == ARN_PARTS and all(map(like, patterns, parts))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    if "${" in pattern:
        raise UnknownPolicyElementError(f"{pattern!r} has a policy variable; the local cloud has none")
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(regex, re.DOTALL)
