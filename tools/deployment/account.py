"""Who calls, and where to: printed before anything is done, with errors of AWS as one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What boto3 raises when AWS cannot be asked, refuses, or something else answers in its place.
_TROUBLE = (BotoCoreError, ClientError, ResponseParserError)


@contextmanager
def aws() -> Iterator[boto3.Session]:
    """Give a session with the caller's own credentials and Region."""
    session = _signed_in()
    try:
        yield session
    except _TROUBLE as error:
        raise SystemExit(f"{error}\nCorrect that and type the same again: what is done stays done.") from None
    except KeyboardInterrupt:
        raise SystemExit(
            "\ninterrupted; AWS finishes what it has begun. Type the same again to go on from there."
        ) from None


def _signed_in() -> boto3.Session:
    """Stop unless AWS knows the caller, in a Region that it has."""
    try:
        session = boto3.Session()
        if session.region_name is None:
            raise SystemExit("no Region is set; choose one: export AWS_DEFAULT_REGION=us-west-2")
        caller = session.client("sts").get_caller_identity()["Arn"]
    except _TROUBLE as error:
        raise SystemExit(
            f"nothing was done: {error}\nCorrect your credentials or Region until this works: "
            "aws sts get-caller-identity"
        ) from None
    print(f"as {caller} in {session.region_name}", flush=True)
    return session
