"""One Lambda execution environment: a process that runs a function's unpacked zip in AWS's runtime client."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from s3vl_local.iam.service_roles import credentials_of_function

from .runtime_api import Event, RuntimeApi
from .telemetry import Ran, Telemetry, stream_name

if TYPE_CHECKING:
    from collections.abc import Mapping

INIT_LIMIT_SECONDS = 10.0
# Lambda's own ceiling, from its error text.
RESPONSE_LIMIT_BYTES = 6_291_556
LOG_TAIL_BYTES = 4096

# All that a function may import besides its zip and the standard library. The real runtime also ships some boto3;
# ours does not, so that a package that forgets a dependency fails here too.
RUNTIME_MODULES = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client*.so")


@dataclass(frozen=True)
class Function:
    """What an environment needs to know of one version of a function."""

    arn: str
    role: str
    name: str
    version: str
    runtime: str
    handler: str
    timeout_seconds: int
    memory_mb: int
    code: Path
    variables: Mapping[str, str]
    log_group: str

    @property
    def unqualified_arn(self) -> str:
        """The ARN of the function, whichever version this is."""
        return ":".join(self.arn.split(":")[:7])


@dataclass(frozen=True)
class Outcome:
    """How one invocation ended; `payload` is the error document when `is_error`."""

    payload: bytes
    is_error: bool
    log_tail: bytes


class Environment:
    """A warm process. It takes one invocation at a time; after a failure of the process it is of no more use."""

    def __init__(
        self,
        function: Function,
        region: str,
        endpoint_url: str,
        runtime: Path,
        log: Path,
        telemetry: Telemetry,
    ) -> None:
        self.function = function
        self.usable = True
        credentials = credentials_of_function(function.role, function.arn)
        self._log = log
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._telemetry = telemetry
        self._stream = stream_name(function.version, log.stem)
        # How much of the log was told to the telemetry.
        self._told = 0
        self._api = RuntimeApi()
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-S", "-m", "awslambdaric", function.handler],
                cwd=function.code,
                env=self._variables(region, endpoint_url, runtime, credentials),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._api.runtime.set_result(psutil.Process(self._process.pid))

    def invoke(
        self, request_id: str, payload: bytes, invoked_arn: str, client_context: str | None
    ) -> Outcome:
        """Run one event. Errors of the function are outcomes too, as the Invoke API has it."""
        with self._log.open("ab") as log:
            start = log.tell()
            log.write(f"START RequestId: {request_id} Version: {self.function.version}\n".encode())
        began, began_at = time.monotonic(), time.time()
        document, is_error = self._run(request_id, payload, invoked_arn, client_context)
        milliseconds = (time.monotonic() - began) * 1000
        report = f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms"
        with self._log.open("ab+") as log:
            log.write(f"END RequestId: {request_id}\n{report}\n".encode())
            end = log.tell()
            log.seek(max(start, end - LOG_TAIL_BYTES))
            outcome = Outcome(document, is_error, log.read())
        self._telemetry.note(
            Ran(
                self.function.arn,
                self.function.role,
                self.function.log_group,
                invoked_arn.split(":", 6)[6],
                self._stream,
                self._log,
                self._told,
                end,
                began_at,
                time.time(),
                milliseconds,
                is_error,
            )
        )
        self._told = end
        return outcome

    def close(self) -> None:
        """End the process and whatever it was doing."""
        self.usable = False
        self._process.kill()
        self._process.wait()
        self._api.close()

    def _run(
        self, request_id: str, payload: bytes, invoked_arn: str, client_context: str | None
    ) -> tuple[bytes, bool]:
        self._wait_until_ready()
        limit = self.function.timeout_seconds
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + limit) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invoked_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{request_id.replace('-', '')[:8]}-{request_id.replace('-', '')[8:]}",
        }
        if client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = client_context
        self._api.events.put(Event(request_id, payload, headers))
        return self._wait_for_answer(request_id, time.monotonic() + limit)

    def _wait_until_ready(self) -> None:
        """Wait for the first question of the runtime; its death or its error are for _wait_for_answer to tell.

        What takes longer is no error yet: Lambda begins it anew, in the time of the invocation. This one goes on.
        """
        deadline = time.monotonic() + INIT_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if self._api.ready.wait(0.05) or self._process.poll() is not None:
                return

    def _wait_for_answer(self, request_id: str, deadline: float) -> tuple[bytes, bool]:
        while True:
            try:
                answer = self._api.answers.get(timeout=max(0.0, min(0.1, deadline - time.monotonic())))
            except queue.Empty:
                if self._process.poll() is not None and self._api.answers.empty():
                    self.close()
                    status = self._process.returncode
                    return _error(
                        "Runtime.ExitError",
                        request_id,
                        f"Error: Runtime exited with error: exit status {status}",
                    )
                if time.monotonic() >= deadline:
                    self.close()
                    limit = f"{self.function.timeout_seconds:.2f}"
                    return _error(
                        "Sandbox.Timedout", request_id, f"Error: Task timed out after {limit} seconds"
                    )
                continue
            if answer is None:
                return _error("Runtime.ExitError", request_id, "Error: the environment was shut down")
            if answer.request_id is None:
                self.close()
                return answer.payload, True
            if len(answer.payload) > RESPONSE_LIMIT_BYTES:
                self.close()
                message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT_BYTES} bytes)."
                return _document("Function.ResponseSizeTooLarge", message), True
            return answer.payload, answer.is_error

    def _variables(self, region: str, endpoint_url: str, runtime: Path, credentials: Any) -> dict[str, str]:
        """Return the environment variables of a real environment, and the way to the local cloud."""
        function = self.function
        reserved = {
            "_HANDLER": function.handler,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._stream,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "LAMBDA_TASK_ROOT": str(function.code),
            "LAMBDA_RUNTIME_DIR": str(runtime),
            "LANG": "en_US.UTF-8",
            "PATH": os.defpath,
            "PYTHONPATH": str(runtime),
            "TZ": ":UTC",
        }
        return {"AWS_ENDPOINT_URL": endpoint_url, **function.variables, **reserved}


def link_runtime(folder: Path) -> None:
    """Make a folder that holds the runtime's modules and nothing else of this machine's site-packages."""
    folder.mkdir(parents=True, exist_ok=True)
    packages = Path(sysconfig.get_paths()["purelib"])
    for pattern in RUNTIME_MODULES:
        found = list(packages.glob(pattern))
        if not found:
            raise RuntimeError(f"{pattern} is not in {packages}; install awslambdaric (make dev)")
        for module in found:
            link = folder / module.name
            link.unlink(missing_ok=True)
            link.symlink_to(module)


def _document(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _error(error_type: str, request_id: str, message: str) -> tuple[bytes, bool]:
    return _document(error_type, f"RequestId: {request_id} {message}"), True
