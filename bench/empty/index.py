"""A function that does nothing but answer as much as it is asked for: what the runtime costs on its own."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001 - Lambda passes two
    """Answer."""
    return {"answer": "x" * event["answer_characters"]}
