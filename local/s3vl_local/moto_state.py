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

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict

from s3vl_local.private import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

NOT_KEPT = "s3vectors"
# Who changes moto, or saves it, holds this: what is being saved must not change.
CHANGES = threading.Lock()
_LOCKS: dict[type, Any] = {type(make()): make for make in (threading.Lock, threading.RLock)}


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
                for service, account, region, backend in pickle.loads(self._saved):  # noqa: S301 - our own file
                    get_backend(service)[account][region] = backend
            except Exception as error:
                # What pickle raises for bytes that it did not write is whatever these lead it to.
                raise UnreadableError(
                    f"{self._path} is damaged, or was written by another version of the local cloud "
                    f"({type(error).__name__}: {error}). Forget what is in it with: make reset"
                ) from error

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

    Saving takes longer with every stack, and waiters ask again and again.
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

    def reducer_override(self, value: Any) -> Any:
        """Name what exists in every process, replace locks, and rebuild what pickle cannot take apart.

        Not persistent_id, which is asked for every text and number too, and takes half of the time.
        """
        if isinstance(value, (BackendDict, AccountSpecificBackend)):
            account = value.account_id if isinstance(value, AccountSpecificBackend) else None
            return _existing, (value.service_name, account)
        if type(value) in _LOCKS:
            return _LOCKS[type(value)], ()
        if isinstance(value, (RSAPrivateKey, EllipticCurvePrivateKey)):
            # KMS has one for every key.
            der = value.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            return _private_key, (der,)
        if isinstance(value, (WeakValueDictionary, defaultdict)):
            return _dictionary(value)
        return NotImplemented


def _dictionary(value: Any) -> Any:
    if isinstance(value, WeakValueDictionary):
        return WeakValueDictionary, (), None, None, iter(list(value.items()))
    if isinstance(value.default_factory, LambdaType):
        # A function without a name, such as `lambda: {}`; what it makes has a type, which has one.
        made = value.default_factory()
        if type(made) in (dict, list, set) and not made:
            return defaultdict, (type(made),), None, None, iter(value.items())
    return NotImplemented


def _private_key(der: bytes) -> Any:
    """Read a key; cryptography's own function cannot be named in a pickle."""
    return load_der_private_key(der, None)


def _existing(service: str, account: str | None) -> Any:
    backends = get_backend(service)
    return backends if account is None else backends[account]
