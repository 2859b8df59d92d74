"""Faults on request: rules that make chosen calls slow or make them fail, and a count of the calls.

HTTP is not in here: services ask `apply` once per request and answer what it returns.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

EVERY_OPERATION = "*"


@dataclass(frozen=True)
class Fault:
    """The error that a call gets instead of its answer."""

    status: int
    code: str
    message: str


@dataclass
class _Rule:
    operation: str
    status: int | None = None
    code: str | None = None
    message: str = "A fault rule of the local cloud answered this call."
    latency_ms: int = 0
    times: int | None = None
    every: int = 1
    # What happened so far; not part of the rule that was asked for.
    seen: int = field(default=0, init=False)
    applied: int = field(default=0, init=False)

    def due(self, operation: str) -> bool:
        """Count a call that the rule is about, and tell whether this is one to disturb."""
        if self.operation not in (EVERY_OPERATION, operation):
            return False
        self.seen += 1
        if self.times is not None and self.applied >= self.times:
            return False
        return self.seen % self.every == 0


class Faults:
    """Rules and counters, shared by every thread that serves requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: list[_Rule] = []
        self._requests: Counter[str] = Counter()

    def add(self, rule: dict[str, Any]) -> None:
        """Add a rule; a ValueError says what is wrong with it.

        `operation` is a name such as "QueryVectors" or "Invoke", or "*". `status` and `code`, with an
        optional `message`, make the call fail; `latency_ms` makes it slow. `every` = 3 disturbs each third
        call, and `times` = 2 ends the rule after two.
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
        """Forget all rules; the counters go on."""
        with self._lock:
            self._rules.clear()

    def requests(self) -> dict[str, int]:
        """Return how many calls each operation got since the start, failed ones included."""
        with self._lock:
            return dict(self._requests)

    def apply(self, operation: str) -> Fault | None:
        """Count the call, wait as the rules say, and return the error to answer, if any."""
        fault, latency_ms = self._decide(operation)
        if latency_ms:
            time.sleep(latency_ms / 1000)
        return fault

    def _decide(self, operation: str) -> tuple[Fault | None, int]:
        """Let every due rule add its latency, and the first one that has an error fail the call."""
        fault, latency_ms = None, 0
        with self._lock:
            self._requests[operation] += 1
            for rule in self._rules:
                if not rule.due(operation):
                    continue
                if rule.status is not None and rule.code is not None:
                    if fault is not None:
                        continue
                    fault = Fault(rule.status, rule.code, rule.message)
                rule.applied += 1
                latency_ms += rule.latency_ms
        return fault, latency_ms


_TEXTS = ("operation", "code", "message")
_NUMBERS = {"status": (400, 599), "latency_ms": (0, 600_000), "times": (1, 10**9), "every": (1, 10**9)}


def _checked(rule: Any) -> _Rule:
    if not isinstance(rule, dict):
        # A rule comes from outside as JSON, so that a wrong type is a wrong value.
        raise ValueError(f'a fault rule is an object, such as {{"operation": "*"}}, not {rule!r}')  # noqa: TRY004
    known = (*_TEXTS, *_NUMBERS)
    for name, value in rule.items():
        if name not in known:
            raise ValueError(f"a fault rule has no {name!r}; it may have {', '.join(known)}")
        if name in _TEXTS and not (isinstance(value, str) and value):
            raise ValueError(f"{name} must be a text that is not empty, got {value!r}")
        if name in _NUMBERS:
            low, high = _NUMBERS[name]
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{name} must be an integer from {low} to {high}, got {value!r}")
    if "operation" not in rule:
        raise ValueError('a fault rule needs an operation, such as "QueryVectors" or "*" for all')
    if ("status" in rule) != ("code" in rule):
        raise ValueError(
            'status and code go together, such as "status": 429, "code": "TooManyRequestsException"'
        )
    if "status" not in rule and not rule.get("latency_ms"):
        raise ValueError("a fault rule needs status and code, or latency_ms, or both")
    return _Rule(**rule)


# One for the whole local cloud: S3 Vectors and Lambda ask it, /_s3vl/faults changes it.
FAULTS = Faults()
