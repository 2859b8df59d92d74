"""Whether policies are enforced. Apart from the rest, because asking must cost nothing when they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Switch:
    """Off in a process that nobody has told otherwise; `make up` does."""

    enforced: bool = False

    def change(self, document: Any) -> None:
        """Do what PUT /_s3vl/iam says; a ValueError says what it may say."""
        if document not in ({"enforce": True}, {"enforce": False}) or type(document["enforce"]) is not bool:
            raise ValueError(f'policies are changed with {{"enforce": true}} or false, got {document!r}')
        self.enforced = document["enforce"]


# One for the whole local cloud, like its faults.
IAM = Switch()
