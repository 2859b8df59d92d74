"""Invoke: finds the function that CloudFormation and update-function-code left in moto, and runs it."""

from __future__ import annotations

import io
import threading
import time
import uuid
import zipfile
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.core import DEFAULT_ACCOUNT_ID

from s3vl_local.faults import FAULTS, ConnectionDroppedError

from .asynchronous import FailedEvent, FailurePlan, failure_plan, give_up
from .environment import Environment, Function, Outcome, link_runtime
from .invocation import Invocation, InvokeError, Result
from .telemetry import Telemetry, Throttled

if TYPE_CHECKING:
    from pathlib import Path

    from s3vl_local.faults import Fault

TOO_MANY_REQUESTS = 429


class LambdaService:
    """Runs functions in warm environments, each busy with one invocation at a time."""

    def __init__(self, home: Path, region: str, endpoint_url: str) -> None:
        self.home = home
        self.region = region
        self.endpoint_url = endpoint_url
        self.telemetry = Telemetry()
        self._runtime = home / "runtime"
        link_runtime(self._runtime)
        self._lock = threading.Lock()
        self._idle: defaultdict[str, list[Environment]] = defaultdict(list)
        self._asynchronous = ThreadPoolExecutor(max_workers=4, thread_name_prefix="event")
        self._synchronous = ThreadPoolExecutor(max_workers=64, thread_name_prefix="invoke")

    def submit(self, invocation: Invocation) -> Future[Result]:
        """Invoke on another thread, for a caller that will not wait longer than it likes."""
        return self._synchronous.submit(self.invoke, invocation)

    def invoke(self, invocation: Invocation) -> Result:
        """Answer one Invoke call, or raise InvokeError."""
        fault = FAULTS.apply("Invoke")
        if fault is not None:
            self._note_throttle(invocation, fault)
            raise InvokeError(fault.status, fault.code, fault.message)
        model = self._find(invocation)
        version = str(model.version)
        if invocation.invocation_type == "DryRun":
            return Result(204, version, model.function_arn)
        function = self._unpack(model)
        if invocation.invocation_type == "Event":
            backend = self._backend(invocation)
            plan = failure_plan(backend, model, invocation.function.qualifier)
            self._asynchronous.submit(self._run_event, function, invocation, plan)
            return Result(202, version, model.function_arn)
        outcome = self._run(function, invocation, str(uuid.uuid4()))
        return Result(
            200,
            version,
            model.function_arn,
            outcome.payload,
            "Unhandled" if outcome.is_error else None,
            outcome.log_tail if invocation.log_type == "Tail" else None,
        )

    def close(self) -> None:
        """End every environment."""
        self._synchronous.shutdown(wait=False, cancel_futures=True)
        self._asynchronous.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for environments in self._idle.values():
                for environment in environments:
                    environment.close()
            self._idle.clear()

    def _note_throttle(self, invocation: Invocation, fault: Fault) -> None:
        if fault.status == TOO_MANY_REQUESTS:
            name, backend = invocation.function, self._backend(invocation)
            invoked_as = f"{name.name}:{name.qualifier}" if name.qualifier else name.name
            self.telemetry.note(
                Throttled(backend.account_id, backend.region_name, name.name, invoked_as, time.time())
            )

    def _find(self, invocation: Invocation) -> Any:
        """Return moto's model of the function."""
        name = invocation.function
        try:
            return self._backend(invocation).get_function(name.name, name.qualifier)
        except LambdaClientError as error:
            raise InvokeError(error.code, error.error_type, error.message) from error

    def _backend(self, invocation: Invocation) -> Any:
        name = invocation.function
        region = name.region or self.region
        try:
            return lambda_backends[name.account or DEFAULT_ACCOUNT_ID][region]
        except KeyError:
            # As for Aurora on AWS: in a Region that there is not, nobody answers.
            raise ConnectionDroppedError from None

    def _unpack(self, model: Any) -> Function:
        code = self.home / "code" / model.code_digest.removeprefix("sha256:")
        with self._lock:
            if not code.exists():
                partial = code.with_name(f"{code.name}.{uuid.uuid4().hex}")
                with zipfile.ZipFile(io.BytesIO(model.code_bytes)) as archive:
                    archive.extractall(partial)
                partial.rename(code)
        return Function(
            arn=model.function_arn,
            role=model.role,
            name=model.function_name,
            version=str(model.version),
            runtime=model.run_time,
            handler=model.handler,
            timeout_seconds=int(model.timeout),
            memory_mb=int(model.memory_size),
            code=code,
            variables=dict(model.environment_vars),
            log_group=model.log_group,
        )

    def _run(self, function: Function, invocation: Invocation, request_id: str) -> Outcome:
        environment = self._take(function)
        # A handler sees by which name it was called: an alias, for example.
        qualifier = invocation.function.qualifier
        arn = f"{function.unqualified_arn}:{qualifier}" if qualifier else function.unqualified_arn
        try:
            return environment.invoke(request_id, invocation.payload, arn, invocation.client_context)
        finally:
            self._give_back(environment)

    def _take(self, function: Function) -> Environment:
        """Return an idle environment of exactly this code and configuration, or a new one."""
        with self._lock:
            idle = self._idle[function.arn]
            outdated = [environment for environment in idle if environment.function != function]
            idle[:] = [environment for environment in idle if environment.function == function]
            warm = idle.pop() if idle else None
        for environment in outdated:
            environment.close()
        if warm is not None:
            return warm
        log = self.home / "logs" / function.name / f"{uuid.uuid4().hex}.log"
        return Environment(function, self.region, self.endpoint_url, self._runtime, log, self.telemetry)

    def _give_back(self, environment: Environment) -> None:
        if environment.usable:
            with self._lock:
                self._idle[environment.function.arn].append(environment)

    def _run_event(self, function: Function, invocation: Invocation, plan: FailurePlan) -> None:
        """Run an asynchronous invocation as often as planned, without Lambda's waits, under one request id."""
        request_id = str(uuid.uuid4())
        for _ in range(plan.attempts):
            outcome = self._run(function, invocation, request_id)
            if not outcome.is_error:
                return
        give_up(FailedEvent(function, request_id, invocation.payload, outcome, plan.attempts), plan)
