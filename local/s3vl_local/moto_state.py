"""What moto's services hold, kept in a file: stacks, roles, functions, clusters, networks, queues, tags.

One pickle for all, because their objects point at each other: a stack's role is IAM's role. S3 Vectors is not in
it; it has a storage of its own.
"""

from __future__ import annotations

import pickle
import threading
from collections import defaultdict
from io import BytesIO
from types import LambdaType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict

if TYPE_CHECKING:
    from pathlib import Path

NOT_KEPT = "s3vectors"
# Who changes moto, or saves it, holds this: what is being saved must not change.
CHANGES = threading.Lock()
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


class MotoState:
    """The file, and what is in it. Whoever saves lets nobody else change moto meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved = b""

    def load(self) -> None:
        """Bring back what was saved, if anything was."""
        if self._path.exists():
            self._saved = self._path.read_bytes()
            try:
                backends = _Unpickler(BytesIO(self._saved)).load()
            except (AttributeError, ImportError) as error:
                raise RuntimeError(
                    f"{self._path} was written by another version of the local cloud ({error}); "
                    "forget what is in it with: make reset"
                ) from error
            for service, account, region, backend in backends:
                get_backend(service)[account][region] = backend

    def save(self) -> None:
        """Write everything to the file, if anything changed; the file is always complete."""
        buffer = BytesIO()
        _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(_backends())
        pickled = buffer.getvalue()
        if pickled != self._saved:
            partial = self._path.with_suffix(".partial")
            partial.write_bytes(pickled)
            partial.replace(self._path)
            self._saved = pickled


def only_reads(environ: dict[str, Any]) -> bool:
    """Tell whether a request changes nothing, by the name of its operation, or by its method where it has none.

    Saving takes a tenth of a second, and waiters ask again and again.
    """
    operation: str
    if "HTTP_X_AMZ_TARGET" in environ:
        operation = environ["HTTP_X_AMZ_TARGET"].rsplit(".", 1)[-1]
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"]
        [operation] = parse_qs(body.read().decode()).get("Action", [""])
        body.seek(0)
    else:
        return bool(environ["REQUEST_METHOD"] in ("GET", "HEAD") and "Action=" not in environ["QUERY_STRING"])
    return operation.startswith(("Describe", "Get", "List"))


def _backends() -> list[tuple[str, str, str, Any]]:
    return [
        (backends.service_name, account, region, backend)
        for backends in BackendDict._instances  # noqa: SLF001 - those that are in use
        if backends.service_name != NOT_KEPT
        for account, region, backend in backends.iter_backends()
    ]


class _Pickler(pickle.Pickler):
    """Knows what moto's objects hold that is not data."""

    def persistent_id(self, value: Any) -> tuple[str, ...] | None:
        """Name the containers of backends: they exist in every process."""
        if isinstance(value, BackendDict):
            return (value.service_name,)
        if isinstance(value, AccountSpecificBackend):
            return (value.service_name, value.account_id)
        return None

    def reducer_override(self, value: Any) -> Any:
        """Replace locks by new ones, and rebuild the dictionaries that pickle cannot take apart."""
        if isinstance(value, _LOCK):
            return threading.Lock, ()
        if isinstance(value, _RLOCK):
            return threading.RLock, ()
        if isinstance(value, WeakValueDictionary):
            return WeakValueDictionary, (), None, None, iter(list(value.items()))
        if isinstance(value, defaultdict) and isinstance(value.default_factory, LambdaType):
            # A function without a name, such as `lambda: {}`; what it makes has a type, which has one.
            made = value.default_factory()
            if type(made) in (dict, list, set) and not made:
                return defaultdict, (type(made),), None, None, iter(value.items())
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, name: tuple[str, ...]) -> Any:
        service, *account = name
        backends = get_backend(service)
        return backends[account[0]] if account else backends
