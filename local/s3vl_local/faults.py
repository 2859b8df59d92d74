"""Faults on request: rules that make chosen calls slow or make them fail, and a count of the calls.

HTTP is not in here: services ask once per request and answer the fault that they get; a connection that is to be
dropped is an exception, which passes through every service up to the server.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_OPERATION = "*"


@dataclass(frozen=True)
class Fault:
    """The error that a call gets instead of its answer."""

    status: int
    code: str
    message: str


class ConnectionDroppedError(Exception):
    """The caller gets no answer: its connection ends."""


@dataclass
class _Rule:
    operation: str
    status: int | None = None
    code: str | None = None
    message: str = "A fault rule of the local cloud answered this call."
    reset: bool = False
    latency_ms: int = 0
    hold: bool = False
    times: int | None = None
    every: int = 1
    probability: float | None = None
    seed: int = 0
    # What happened so far; not part of the rule that was asked for.
    seen: int = field(default=0, init=False)
    applied: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Begin the rule's own sequence of chances, the same for the same seed."""
        self._chances = random.Random(self.seed)  # noqa: S311 - no secret

    def due(self, operation: str) -> bool:
        """Count a call that the rule is about, and tell whether this is one to disturb."""
        if self.operation not in (EVERY_OPERATION, operation):
            return False
        self.seen += 1
        if self.times is not None and self.applied >= self.times:
            return False
        if self.probability is not None:
            return self._chances.random() < self.probability
        return self.seen % self.every == 0

    @property
    def fault(self) -> Fault | None:
        """The error that the rule is for."""
        return (
            None if self.status is None or self.code is None else Fault(self.status, self.code, self.message)
        )

    @property
    def fails(self) -> bool:
        """Tell whether the rule does more than delay."""
        return self.reset or self.status is not None


class Faults:
    """Rules and counters, shared by every thread that serves requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: list[_Rule] = []
        # Set when the rules that are there now are forgotten.
        self._cleared = Event()
        self._requests: Counter[str] = Counter()

    def add(self, rule: dict[str, Any]) -> None:
        """Add a rule; a ValueError says what is wrong with it.

        `operation` is a name such as "QueryVectors" or "Invoke", or "*". `status` and `code`, with an
        optional `message`, make the call fail, `reset` ends its connection, `latency_ms` makes it last as long, and
        `hold` keeps it until the rules are cleared.
        `every` = 3 disturbs each third call, `probability` = 0.05 one in twenty by chance (`seed` chooses the
        sequence), and `times` = 2 ends the rule after two.
        """
        checked = _checked(rule)
        with self._lock:
            self._rules.append(checked)

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules as they were added, each with what it has seen and how often it applied."""
        with self._lock:
            return [
                {name: value for name, value in asdict(rule).items() if value is not None}
                for rule in self._rules
            ]

    def clear(self) -> None:
        """Forget all rules, and let go what they hold; the counters go on."""
        with self._lock:
            self._rules.clear()
            self._cleared.set()
            self._cleared = Event()

    def requests(self) -> dict[str, int]:
        """Return how many calls each operation got since the start, failed ones included."""
        with self._lock:
            return dict(self._requests)

    def apply(self, operation: str) -> Fault | None:
        """Count the call, wait as the rules say, and return the error to answer, if any."""
        with self.during(operation) as fault:
            return fault

    @contextmanager
    def during(self, operation: str) -> Iterator[Fault | None]:
        """Count the call, give the error to answer, if any, and let the block last as long as the rules say."""
        failing, latency_ms, cleared = self._decide(operation)
        ends_at = time.monotonic() + latency_ms / 1000
        try:
            yield None if failing is None else failing.fault
        finally:
            if (seconds_left := ends_at - time.monotonic()) > 0:
                time.sleep(seconds_left)
            if cleared is not None:
                cleared.wait()
            if failing is not None and failing.reset:
                raise ConnectionDroppedError(f"a fault rule of the local cloud dropped this {operation}")

    def _decide(self, operation: str) -> tuple[_Rule | None, int, Event | None]:
        """Return the first due rule that makes the call fail, the latency of all, and what a held call waits for."""
        failing, latency_ms, is_held = None, 0, False
        with self._lock:
            self._requests[operation] += 1
            for rule in self._rules:
                if not rule.due(operation):
                    continue
                if rule.fails:
                    if failing is not None:
                        continue
                    failing = rule
                rule.applied += 1
                latency_ms += rule.latency_ms
                is_held |= rule.hold
            return failing, latency_ms, self._cleared if is_held else None


_TEXTS = ("operation", "code", "message")
_NUMBERS = {
    "status": (400, 599),
    "latency_ms": (0, 600_000),
    "times": (1, 10**9),
    "every": (1, 10**9),
    "seed": (0, 10**9),
}
_SWITCHES = ("reset", "hold")
_KNOWN = (*_TEXTS, *_NUMBERS, *_SWITCHES, "probability")


def _checked(rule: Any) -> _Rule:
    if not isinstance(rule, dict):
        # A rule comes from outside as JSON, so that a wrong type is a wrong value.
        raise ValueError(f'a fault rule is an object, such as {{"operation": "*"}}, not {rule!r}')  # noqa: TRY004
    for name, value in rule.items():
        _check_member(name, value)
    if "operation" not in rule:
        raise ValueError('a fault rule needs an operation, such as "QueryVectors" or "*" for all')
    if ("status" in rule) != ("code" in rule):
        raise ValueError(
            'status and code go together, such as "status": 429, "code": "TooManyRequestsException"'
        )
    if "status" in rule and rule.get("reset"):
        raise ValueError("a call gets either an error (status and code) or no answer (reset), not both")
    if "every" in rule and "probability" in rule:
        raise ValueError("calls are chosen either by counting (every) or by chance (probability), not both")
    if "status" not in rule and not any(rule.get(name) for name in ("latency_ms", *_SWITCHES)):
        raise ValueError("a fault rule needs status and code, or reset, or latency_ms, or hold")
    return _Rule(**rule)


def _check_member(name: str, value: Any) -> None:
    if name not in _KNOWN:
        raise ValueError(f"a fault rule has no {name!r}; it may have {', '.join(_KNOWN)}")
    if name in _TEXTS and not (isinstance(value, str) and value):
        raise ValueError(f"{name} must be a text that is not empty, got {value!r}")
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{name} must be an integer from {low} to {high}, got {value!r}")
    if name in _SWITCHES and type(value) is not bool:
        raise ValueError(f"{name} must be true or false, got {value!r}")
    if name == "probability" and (type(value) not in (int, float) or not 0 <= value <= 1):
        raise ValueError(f"probability must be a number from 0 to 1, got {value!r}")


# One for the whole local cloud: S3 Vectors and Lambda ask it, /_s3vl/faults changes it.
FAULTS = Faults()
