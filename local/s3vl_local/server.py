"""The AWS side of the local cloud, in one process: moto's services, our S3 Vectors, and a Lambda that runs.

moto's own server closes every connection after one answer; waitress keeps them alive, as AWS does.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import waitress
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response

from s3vl_local import cloudformation, rds, s3vectors
from s3vl_local.cloud import REGION
from s3vl_local.faults import FAULTS
from s3vl_local.lambda_service import http as lambda_http
from s3vl_local.lambda_service.service import LambdaService
from s3vl_local.lambda_service.wire import WireServer

if TYPE_CHECKING:
    from collections.abc import Iterable

# Enough for callers that wait on an injected latency while others go on.
THREADS = 64

_log = logging.getLogger(__name__)


class Application:
    """Routes a request: ours under /_s3vl/, Lambda's Invoke to our service, everything else to moto."""

    def __init__(self, lambda_service: LambdaService) -> None:
        self._lambda = lambda_service
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._connections: set[tuple[str, str]] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one WSGI request."""
        path: str = environ["PATH_INFO"]
        if path.startswith("/_s3vl/"):
            return self._control(Request(environ))(environ, start_response)
        self._connections.add((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]))
        match = lambda_http.PATH.fullmatch(path)
        if match is not None:
            return lambda_http.invoke(self._lambda, match["name"], Request(environ))(environ, start_response)
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def _control(self, request: Request) -> Response:
        match (request.method, request.path):
            case ("GET", "/_s3vl/health"):
                return _json({"status": "ok"})
            case ("PUT", "/_s3vl/faults"):
                try:
                    FAULTS.add(request.get_json())
                except ValueError as error:
                    return _json({"message": str(error)}, 400)
                return _json({})
            case ("GET", "/_s3vl/faults"):
                return _json({"rules": FAULTS.rules()})
            case ("DELETE", "/_s3vl/faults"):
                FAULTS.clear()
                return _json({})
            case ("GET", "/_s3vl/requests"):
                return _json({"calls": FAULTS.requests(), "connections": len(self._connections)})
            case _:
                return _json(
                    {"message": f"no {request.method} {request.path} here; see docs/local-stack.md"}, 404
                )


def serve(home: Path, http_port: int, wire_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for part in (s3vectors, cloudformation, rds):
        part.install()
    service = LambdaService(home / "lambda", REGION, f"http://127.0.0.1:{http_port}")
    wire = WireServer(wire_port, service)
    threading.Thread(target=wire.serve_forever, daemon=True).start()
    web = waitress.create_server(
        Application(service), host="127.0.0.1", port=http_port, threads=THREADS, ident="s3vl-local"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        web.run()
    finally:
        wire.shutdown()
        service.close()


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")


def main() -> None:
    """Serve one local cloud; LocalCloud.up starts this in the background."""
    parser = argparse.ArgumentParser(prog="s3vl_local.server", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("http_port", type=int)
    parser.add_argument("wire_port", type=int)
    arguments = parser.parse_args()
    serve(arguments.home, arguments.http_port, arguments.wire_port)


if __name__ == "__main__":
    main()
