"""Who calls, and where to: printed before anything is done, with errors of AWS as one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def aws() -> Iterator[boto3.Session]:
    """Give a session with the caller's own credentials and Region."""
    try:
        session = boto3.Session()
        if session.region_name is None:
            raise SystemExit("no Region is set; choose one: export AWS_DEFAULT_REGION=us-west-2")
        caller = session.client("sts").get_caller_identity()["Arn"]
        print(f"as {caller} in {session.region_name}", flush=True)
        yield session
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"{error}\nCorrect that and type the same again: what is done stays done.") from None
