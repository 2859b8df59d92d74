"""The function's code: uploaded when it differs, tried, and with SnapStart published behind an alias."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from .waiting import wait_until

# The template makes it with SnapStart, and leaves moving it to whoever uploads code.
ALIAS = "live"
_REQUEST = Path(__file__).resolve().parents[2] / "lambda" / "events" / "availability_check.json"


class Function:
    """The stack's function."""

    def __init__(self, client: Any, name: str) -> None:
        self.name = name
        self._client = client

    def upload(self, package: bytes) -> None:
        """Replace the code and wait until it serves; until then, and when it fails, the old code does."""
        digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
        if self._configuration()["CodeSha256"] == digest:
            print("the code is uploaded already")
        else:
            print(f"upload {len(package) / 1_000_000:.1f} MB of code ...", flush=True)
            self._client.update_function_code(FunctionName=self.name, ZipFile=package)
        # Also when it was there: a run that was interrupted did not wait.
        self._settle("$LATEST")

    def release(self) -> None:
        """Try the code; with SnapStart publish it first, and move the alias to it when it works."""
        if self._configuration().get("SnapStart", {}).get("ApplyOn") != "PublishedVersions":
            self._try("$LATEST")
            return
        # Code and settings that are published already are not published again: the same version comes back.
        version = self._client.publish_version(FunctionName=self.name)["Version"]
        self._settle(version)
        self._try(version)
        if self._client.get_alias(FunctionName=self.name, Name=ALIAS)["FunctionVersion"] != version:
            print(f"move the alias {ALIAS} to version {version}")
            self._client.update_alias(FunctionName=self.name, Name=ALIAS, FunctionVersion=version)

    def _settle(self, version: str) -> None:
        """Wait until Lambda has the code in place; of a published version, that is the snapshot."""
        configuration = wait_until(
            f"{self.name} ({version}) can be called", lambda: self._configuration(version), busy=_in_progress
        )
        for status in ("LastUpdateStatus", "State"):
            if configuration.get(status) == "Failed":
                raise SystemExit(
                    f"function {self.name} ({version}) has {status} Failed: {configuration.get(f'{status}Reason')}; "
                    "correct that and type the same again"
                )

    def _configuration(self, version: str = "$LATEST") -> dict[str, Any]:
        configuration: dict[str, Any] = self._client.get_function_configuration(
            FunctionName=self.name, Qualifier=version
        )
        return configuration

    def _try(self, version: str) -> None:
        """Stop if the code does not answer the check that says which version it is."""
        print("try the code ...", flush=True)
        answer = self._client.invoke(FunctionName=self.name, Qualifier=version, Payload=_REQUEST.read_bytes())
        text = answer["Payload"].read().decode()
        document = json.loads(text)
        if "FunctionError" in answer or document.get("success") is not True:
            raise SystemExit(
                f"function {self.name} ({version}) does not work: {text}; "
                f"see its log: aws logs filter-log-events --log-group-name /aws/lambda/{self.name}"
            )
        print(f"  {self.name} answers, version {document['result']['version']}")


def _in_progress(configuration: dict[str, Any]) -> bool:
    """Tell whether Lambda is still busy with a version."""
    return configuration.get("State") == "Pending" or configuration.get("LastUpdateStatus") == "InProgress"
