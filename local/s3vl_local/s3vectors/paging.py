"""Tokens for the next page: opaque, and good only for the request that they came from."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from s3vl_local.s3vectors.exceptions import InvalidPageTokenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3vl_local.s3vectors.queries import Hits

DEFAULT_NAMES = 500
# Together, whatever they are of: a result keeps the metadata that somebody may have replaced since.
MAX_KEPT_BYTES = 256 * 1024 * 1024


def make_token(position: Any, request: dict[str, Any]) -> str:
    """Return a token that stands for a position in the answer to a request."""
    return base64.urlsafe_b64encode(json.dumps([position, _digest(position, request)]).encode()).decode()


def read_token(token: str, request: dict[str, Any]) -> Any:
    """Return the position that a token stands for; any other token than one for this request is refused."""
    try:
        position, digest = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise InvalidPageTokenError from error
    if digest != _digest(position, request):
        raise InvalidPageTokenError
    return position


def _digest(position: Any, request: dict[str, Any]) -> str:
    return hashlib.blake2b(
        json.dumps([position, request], sort_keys=True).encode(), digest_size=16
    ).hexdigest()


def page_of_names(names: Sequence[str], request: dict[str, Any]) -> tuple[list[str], str | None]:
    """Return the names that a list operation asks for, in order, and the token for more."""
    bound = {name: value for name, value in request.items() if name not in ("nextToken", "maxResults")}
    after = read_token(request["nextToken"], bound) if "nextToken" in request else ""
    prefix = request.get("prefix", "")
    found = sorted(name for name in names if name.startswith(prefix) and name > after)
    page = found[: request.get("maxResults", DEFAULT_NAMES)]
    return page, make_token(page[-1], bound) if len(found) > len(page) else None


class Cursors:
    """Results of queries that have more pages to be fetched, kept for a while.

    A page does not search again: the pages of one query are of one moment, and cost nothing. When there are too
    many of them, the oldest go, as if their time was over; the newest stays, however large.
    """

    # The service says "several minutes"; whoever needs another time sets it here.
    lifetime_seconds = 300.0

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, Hits]] = OrderedDict()
        self._bytes = 0

    def keep(self, hits: Hits) -> str:
        """Keep a result and return its name."""
        name, now = uuid.uuid4().hex, time.monotonic()
        with self._lock:
            self._kept[name] = (now + self.lifetime_seconds, hits)
            self._bytes += hits.size
            for oldest, (expires, _) in list(self._kept.items())[:-1]:
                if self._bytes <= MAX_KEPT_BYTES and now < expires:
                    break
                self._drop(oldest)
        return name

    def get(self, name: str) -> Hits:
        """Return a result that was kept and is not too old."""
        with self._lock:
            expires, hits = self._kept.get(name, (0.0, None))
            if hits is None:
                raise InvalidPageTokenError
            if time.monotonic() >= expires:
                self._drop(name)
                raise InvalidPageTokenError
            return hits

    def _drop(self, name: str) -> None:
        _, hits = self._kept.pop(name)
        self._bytes -= hits.size
