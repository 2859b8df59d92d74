"""The control routes under /_s3vl/: health, faults, counters, hosts, policies, and how buckets and indexes behave."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model
from werkzeug import Request, Response

from s3vl_local.cloud import REGION
from s3vl_local.faults import EVERY_OPERATION, FAULTS
from s3vl_local.iam.switch import IAM
from s3vl_local.s3vectors.models import s3vectors_backends
from s3vl_local.s3vectors.settings import DEFAULTS, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3vl_local.s3vectors.models import S3VectorsBackend

    # From the request's JSON document and what its path names to what is answered.
    Route = Callable[..., dict[str, Any]]

PREFIX = "/_s3vl/"


class Control:
    """Answers control requests; what only the server knows comes as callables."""

    def __init__(
        self,
        health: Callable[[], dict[str, Any]],
        counters: Callable[[], dict[str, int]],
        change_hosts: Callable[[Any], None],
    ) -> None:
        def hosts(document: Any) -> dict[str, Any]:
            change_hosts(document)
            return {}

        self.routes: dict[tuple[str, str], Route] = {
            ("GET", "health"): lambda _: health(),
            ("PUT", "faults"): _add_fault,
            ("GET", "faults"): lambda _: {"rules": FAULTS.rules()},
            ("DELETE", "faults"): _clear_faults,
            ("GET", "requests"): lambda _: {"calls": FAULTS.requests(), **counters()},
            ("PUT", "hosts"): hosts,
            ("PUT", "iam"): _change_iam,
            ("PUT", r"buckets/([^/]+)"): _change_bucket,
            ("PUT", "indexes"): _change_indexes,
            ("PUT", r"indexes/([^/]+)/([^/]+)"): _change_index,
        }

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        for (method, pattern), route in self.routes.items():
            match = re.fullmatch(PREFIX + pattern, request.path)
            if match is None or method != request.method:
                continue
            try:
                document = json.loads(request.get_data()) if method == "PUT" else None
                return _json(route(document, *match.groups()))
            except ValueError as error:
                return _json({"message": str(error)}, 400)
            except ServiceException as error:
                return _json({"message": error.message}, 404)
        return _json({"message": f"no {request.method} {request.path} here; see docs/local-stack.md"}, 404)


def _add_fault(rule: Any) -> dict[str, Any]:
    operation = rule.get("operation", EVERY_OPERATION) if isinstance(rule, dict) else EVERY_OPERATION
    known = [*get_service_model("s3vectors").operation_names, "Invoke", "UpdateFunctionCode", EVERY_OPERATION]
    if operation not in known:
        # It would wait forever for a call that never comes.
        raise ValueError(f"no operation is called {operation!r}; there are {', '.join(known)}")
    FAULTS.add(rule)
    return {}


def _clear_faults(_: None) -> dict[str, Any]:
    FAULTS.clear()
    return {}


def _change_iam(document: Any) -> dict[str, Any]:
    IAM.change(document)
    return {}


def _change_bucket(document: Any, name: str) -> dict[str, Any]:
    """Let a bucket count as made before 2026-09-30; no bucket becomes younger again."""
    if document != {"classic": True}:
        raise ValueError(f'a bucket may be changed with {{"classic": true}}, got {document!r}')
    backend = _s3vectors()
    backend.make_classic(backend.get_vector_bucket(name))
    return {}


def _change_indexes(document: Any) -> dict[str, Any]:
    """Replace the settings of all indexes that have none of their own, those to come included."""
    DEFAULTS.change(document)
    return {}


def _change_index(document: Any, bucket: str, index: str) -> dict[str, Any]:
    """Replace the settings of an index; what the document leaves out is off."""
    settings = read_settings(document)
    backend = _s3vectors()
    backend.change_settings(backend.get_index(bucket, index, None), settings)
    return {}


def _s3vectors() -> S3VectorsBackend:
    backend: S3VectorsBackend = s3vectors_backends[DEFAULT_ACCOUNT_ID][REGION]
    return backend


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
