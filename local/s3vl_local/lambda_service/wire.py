"""Invoke as the local aws_lambda extension speaks it: PostgreSQL's wire protocol, one invocation per simple query.

A query is a line of JSON that says what to invoke, and the payload on the lines after it.

PostgreSQL has dblink and no HTTP client. Speaking its protocol here makes a call cost a fraction of a millisecond,
and lets errors arrive as SQL errors with their DETAIL, worded as Aurora's extension documents them.
The protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import socketserver
import struct
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, cast

from s3vl_local.faults import ConnectionDroppedError
from s3vl_local.iam.service_roles import check_aurora_may_invoke

from .invocation import FunctionName, Invocation, InvokeError, Result

if TYPE_CHECKING:
    import socket

    from .service import LambdaService

_PROTOCOL_3 = 196608
_SSL_REQUEST = 80877103
_GSSENC_REQUEST = 80877104
_CANCEL_REQUEST = 80877102
_CLEARTEXT_PASSWORD = 3
_LENGTH_BYTES = 4
# PostgreSQL's own limits, of what comes before the password and after it.
_LONGEST_START_BYTES = 10_000
_LONGEST_BYTES = 2**30

# Column name and type OID: int4 and text.
_COLUMNS = (("status_code", 23), ("payload", 25), ("executed_version", 25), ("log_result", 25))

_log = logging.getLogger(__name__)


class WireServer(socketserver.ThreadingTCPServer):
    """Accepts connections of dblink at a socket; one thread each."""

    daemon_threads = True
    # By default five callers may wait to be accepted, and the next one tries again after a second.
    request_queue_size = 128

    def __init__(self, listener: socket.socket, service: LambdaService, password: str) -> None:
        super().__init__(listener.getsockname(), _Connection, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_activate()
        self.service = service
        self.password = password


class AwsLambdaError(Exception):
    """An error as Aurora's extension words it: a fixed message, the story in DETAIL."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class _Connection(socketserver.StreamRequestHandler):
    # A row must not wait for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        try:
            if self._start():
                self._answer_queries()
        except (ConnectionError, EOFError):
            # The other side is gone, for example because its query was cancelled; a running function runs on.
            _log.debug("connection closed by the database")

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            _log.debug("the database closed the connection first")

    def _start(self) -> bool:
        while True:
            code, body = self._read_startup()
            if code in {_SSL_REQUEST, _GSSENC_REQUEST}:
                self.wfile.write(b"N")
                self.wfile.flush()
            elif code == _PROTOCOL_3 or code >> 16 == _PROTOCOL_3 >> 16:
                break
            else:
                if code != _CANCEL_REQUEST:
                    _log.warning("unknown start-up code %s (%s bytes)", code, len(body))
                return False
        if not self._is_the_database():
            return False
        self._send(b"R", struct.pack("!i", 0))
        # The database sends no queries of its own when these are as it expects.
        for name, value in (
            ("server_version", "18"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, MDY"),
            ("IntervalStyle", "postgres"),
            ("integer_datetimes", "on"),
            ("standard_conforming_strings", "on"),
        ):
            self._send(b"S", _text(name) + _text(value))
        self._send(b"K", struct.pack("!ii", 0, 0))
        self._ready()
        return True

    def _is_the_database(self) -> bool:
        """Ask for the password that only our PostgreSQL can read: others reach this port too."""
        self._send(b"R", struct.pack("!i", _CLEARTEXT_PASSWORD))
        self.wfile.flush()
        kind, body = self._read_message(_LONGEST_START_BYTES)
        if kind == b"p" and hmac.compare_digest(body, _text(cast("WireServer", self.server).password)):
            return True
        self._send_error(
            "password authentication failed", "This port is for the local PostgreSQL only.", "28P01"
        )
        self.wfile.flush()
        return False

    def _answer_queries(self) -> None:
        while True:
            kind, body = self._read_message()
            if kind == b"X":
                return
            if kind != b"Q":
                raise ConnectionError(f"message {kind!r} is not part of the simple query protocol")
            try:
                end_of_line = body.index(b"\n")
                row = self._invoke(json.loads(body[:end_of_line]), body[end_of_line + 1 : -1])
            except AwsLambdaError as error:
                self._send_error(error.message, error.detail)
            except Exception as error:  # noqa: BLE001 - the database must get an answer, and the log the traceback
                _log.exception("the Lambda service failed")
                self._send_error("invoke API failed", f"the local Lambda service failed: {error!r}")
            else:
                self._send_row(row)
            self._ready()

    def _invoke(self, request: dict[str, Any], payload: bytes) -> tuple[str | None, ...]:
        """Run one request, waiting no longer than aws_lambda.request_timeout_ms allows."""
        service = cast("WireServer", self.server).service
        try:
            invocation = Invocation(
                function=FunctionName.parse(
                    request["function_name"], request["region"], request["qualifier"]
                ),
                payload=payload or b"{}",
                invocation_type=request["invocation_type"],
                log_type=request["log_type"],
                client_context=request["client_context"],
            )
            check_aurora_may_invoke(invocation.function)
            result = service.submit(invocation).result(request["request_timeout_ms"] / 1000)
        except InvokeError as error:
            raise AwsLambdaError(
                "invoke API failed", f"AWS Lambda client returned '{error.code}: {error.message}'."
            ) from error
        except (FutureTimeoutError, ConnectionDroppedError) as error:
            # The text of the AWS SDK for C++ for every failure of transport, time-outs among them.
            raise AwsLambdaError(
                "invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'."
            ) from error
        if result.function_error is not None:
            details = (result.payload or b"").decode(errors="replace")
            raise AwsLambdaError(
                "lambda invocation failed",
                f'"{result.function_arn}" returned error "{result.function_error}", details: "{details}".',
            )
        return _row(result)

    def _read_startup(self) -> tuple[int, bytes]:
        body = self._read_body(_LONGEST_START_BYTES)
        if len(body) < _LENGTH_BYTES:
            raise EOFError
        return struct.unpack("!i", body[:4])[0], body[4:]

    def _read_message(self, limit: int = _LONGEST_BYTES) -> tuple[bytes, bytes]:
        kind = self._read(1)
        return kind, self._read_body(limit)

    def _read_body(self, limit: int) -> bytes:
        """Read a length and what follows; a length beyond the limit is not of this protocol."""
        (length,) = struct.unpack("!i", self._read(4))
        if not _LENGTH_BYTES <= length <= limit:
            raise EOFError
        return self._read(length - 4)

    def _read(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _send(self, kind: bytes, body: bytes) -> None:
        self.wfile.write(kind + struct.pack("!i", len(body) + 4) + body)

    def _ready(self) -> None:
        self._send(b"Z", b"I")
        self.wfile.flush()

    def _send_row(self, row: tuple[str | None, ...]) -> None:
        description = struct.pack("!h", len(_COLUMNS))
        for name, oid in _COLUMNS:
            description += _text(name) + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0)
        self._send(b"T", description)
        values = [None if value is None else value.encode() for value in row]
        data = b"".join(b"\xff\xff\xff\xff" if v is None else struct.pack("!i", len(v)) + v for v in values)
        self._send(b"D", struct.pack("!h", len(values)) + data)
        self._send(b"C", _text("SELECT 1"))

    def _send_error(self, message: str, detail: str, sqlstate: str = "XX000") -> None:
        # No SQLSTATE of Aurora's extension is documented; XX000 is what an error without one has.
        fields = ((b"S", "ERROR"), (b"V", "ERROR"), (b"C", sqlstate), (b"M", message), (b"D", detail))
        self._send(b"E", b"".join(key + _text(value) for key, value in fields) + b"\0")


def _row(result: Result) -> tuple[str | None, ...]:
    payload = None if result.payload is None else result.payload.decode()
    log_result = None if result.log_tail is None else base64.b64encode(result.log_tail).decode()
    return str(result.status_code), payload, result.executed_version, log_result


def _text(value: str) -> bytes:
    return value.encode().replace(b"\0", b"") + b"\0"
