"""The services beside S3 Vectors: moto's, with CloudFormation made strict, and a Lambda that runs.

Importing this file imports most of moto, which takes seconds.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request
from werkzeug.exceptions import NotFound

from s3vl_local import cloudformation, cloudwatch, credential, rds, refusals, sqs
from s3vl_local.cloud import REGION
from s3vl_local.cron import Scheduler
from s3vl_local.faults import ConnectionDroppedError
from s3vl_local.iam import door, managed
from s3vl_local.lambda_service import http as lambda_http
from s3vl_local.lambda_service.service import LambdaService
from s3vl_local.lambda_service.wire import WireServer
from s3vl_local.moto_state import CHANGES, MotoState, only_reads

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable
    from pathlib import Path

    from werkzeug import Response

    from s3vl_local.credential import Credential
    from s3vl_local.owner import Owner

# It waits for messages, up to twenty seconds, in which others must go on.
WAITS = ".ReceiveMessage"

_log = logging.getLogger(__name__)


def moto() -> DomainDispatcherApplication:
    """Return moto's application, without the routes by which moto itself is read and reset."""

    def create(service: Any) -> Any:
        # An HTTP exception of werkzeug is an application that answers itself.
        return NotFound() if service == "moto_api" else create_backend_app(service)

    return DomainDispatcherApplication(create)


class Services:
    """Answers a request after what it changed is on disk."""

    def __init__(self, home: Path, owner: Owner, http_port: int, wire: socket.socket) -> None:
        for part in (cloudformation, cloudwatch, managed, rds, sqs):
            part.install()
        self._state = MotoState(home / "moto.pickle")
        self._state.load()
        self._moto = moto()
        self._lambda = LambdaService(home / "lambda", REGION, f"http://127.0.0.1:{http_port}")
        self._wire = WireServer(wire, self._lambda, owner.lambda_password)
        threading.Thread(target=self._wire.serve_forever, daemon=True).start()
        self._cron = Scheduler(home / "postgres")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one WSGI request: Lambda's Invoke runs, everything else is moto's."""
        match = lambda_http.PATH.fullmatch(environ["PATH_INFO"])
        answer: Iterable[bytes]
        if match is not None:
            answer = lambda_http.invoke(self._lambda, match["name"], Request(environ))(
                environ, start_response
            )
        elif environ.get("HTTP_X_AMZ_TARGET", "").endswith(WAITS):
            answer = self._of_moto(environ, start_response)
        else:
            with CHANGES:
                reads = only_reads(environ)
                told = self._lambda.telemetry.deliver()
                answer = self._of_moto(environ, start_response)
                if told or not reads:
                    self._state.save()
        return answer

    def _of_moto(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer by moto, which raises what Python does where AWS refuses what was sent."""
        try:
            answer: Iterable[bytes] = self._moto(environ, start_response)
        except ConnectionDroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever moto fell over, the caller gets an answer
            signed = credential.find(environ.get("HTTP_AUTHORIZATION", ""))
            service = signed.service if signed else "service"
            _log.exception("moto's %s cannot answer", service)
            answer = refusals.misunderstood(service, environ, error)(environ, start_response)
        return answer

    @staticmethod
    def refusal(signed: Credential, environ: dict[str, Any]) -> Response | None:
        """Answer a request that its caller's policies do not allow, to whichever service; None for all others."""
        return door.refusal(signed, environ)

    def close(self) -> None:
        """End every environment, and keep what changed without a request, such as dead letters."""
        self._cron.close()
        self._wire.shutdown()
        self._lambda.close()
        with CHANGES:
            self._lambda.telemetry.deliver()
            self._state.save()
