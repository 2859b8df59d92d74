"""What CloudWatch gets of each invocation: the lines of its log, Lambda's own metrics, and the metrics in the log.

Invocations only leave a note. What the notes are about is delivered before moto answers a request, so that whoever
reads finds it, and calls of functions wait for none of it.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict, deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.cloudwatch.models import MetricAggregatedDatum, cloudwatch_backends
from moto.logs.models import LogEvent, LogStream, logs_backends

from s3vl_local.iam.enforcement import AccessDeniedError
from s3vl_local.iam.service_roles import check_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NAMESPACE = "AWS/Lambda"
# The newest of a log group; .local/lambda/logs/ has all lines.
MOST_LINES = 5_000
# How a line begins that is a document of the Embedded Metric Format.
_EMBEDDED = b'{"'

# What reading anything else as one raises.
_NO_DOCUMENT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)

_log = logging.getLogger(__name__)


class Ran(NamedTuple):
    """The note of an invocation that ran: which part of which file it wrote, and how it went."""

    arn: str
    role: str
    log_group: str
    # As it was called: by name, or by an alias or version of it.
    invoked_as: str
    stream: str
    file: Path
    start: int
    end: int
    began: float
    ended: float
    milliseconds: float
    is_error: bool


class Throttled(NamedTuple):
    """The note of an invocation that was refused with 429."""

    account: str
    region: str
    name: str
    invoked_as: str
    ended: float


class Value(NamedTuple):
    """One value of a metric."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    value: float
    # In seconds.
    when: float


class Telemetry:
    """The notes of all functions, until they are delivered."""

    def __init__(self) -> None:
        self._notes: deque[Ran | Throttled] = deque()

    def note(self, note: Ran | Throttled) -> None:
        """Remember an invocation."""
        self._notes.append(note)

    def deliver(self) -> bool:
        """Deliver what was noted so far, if anything was; the caller lets nobody else change moto meanwhile."""
        if not self._notes:
            return False
        values: defaultdict[tuple[str, str], list[Value]] = defaultdict(list)
        while self._notes:
            note = self._notes.popleft()
            if isinstance(note, Throttled):
                values[note.account, note.region] += _throttle(note)
            else:
                _, _, _, region, account, *_ = note.arn.split(":")
                lines = _lines(note)
                values[account, region] += _invocation(note)
                if _write_log(note, account, region, lines):
                    values[account, region] += _embedded(lines)
        for (account, region), some in values.items():
            _put(account, region, some)
        # moto would remember each that it ever had.
        LogEvent.instances_tracked.clear()
        MetricAggregatedDatum.instances_tracked.clear()
        return True


def stream_name(version: str, environment: str) -> str:
    """Return what the log stream of an environment that starts now is called."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{environment}"


def _lines(note: Ran) -> list[bytes]:
    try:
        with note.file.open("rb") as file:
            file.seek(note.start)
            return file.read(note.end - note.start).splitlines()
    except FileNotFoundError:
        # Whoever tidied up wants no log.
        return []


def _write_log(note: Ran, account: str, region: str, lines: list[bytes]) -> bool:
    """Append lines to the function's log group, if its role may; Lambda makes a group that is missing."""
    backend, name = logs_backends[account][region], note.log_group
    try:
        if name not in backend.groups:
            check_log(note.role, note.arn, "logs:CreateLogGroup", name, "")
            backend.create_log_group(name, {})
        group = backend.groups[name]
        if note.stream not in group.streams:
            check_log(note.role, note.arn, "logs:CreateLogStream", name, note.stream)
            group.streams[note.stream] = LogStream(group, note.stream)
        check_log(note.role, note.arn, "logs:PutLogEvents", name, note.stream)
    except AccessDeniedError as error:
        # As in AWS nobody gets this answer: the function runs without a log.
        _log.warning("%s has no log: %s", note.arn, error)
        return False
    events, when = [], int(note.began * 1000)
    for line in lines:
        if line.startswith(b"END RequestId: "):
            when = int(note.ended * 1000)
        if line:
            events.append({"timestamp": when, "message": f"{line.decode(errors='replace')}\n"})
    group.streams[note.stream].put_log_events(events)
    _forget_oldest(group)
    return True


def _forget_oldest(group: Any) -> None:
    surplus = sum(len(stream.events) for stream in group.streams.values()) - MOST_LINES
    # In the order in which the streams began.
    for stream in group.streams.values():
        if surplus <= 0:
            return
        gone = stream.events[:surplus]
        del stream.events[:surplus]
        surplus -= len(gone)


def _invocation(note: Ran) -> Iterator[Value]:
    """Give Lambda's own metrics of an invocation: of all functions, of this one, and by the name that it was called."""
    for dimensions in _dimensions(note.arn.split(":")[6], note.invoked_as):
        yield Value(NAMESPACE, "Invocations", "Count", dimensions, 1, note.ended)
        yield Value(NAMESPACE, "Errors", "Count", dimensions, note.is_error, note.ended)
        yield Value(NAMESPACE, "Throttles", "Count", dimensions, 0, note.ended)
        yield Value(NAMESPACE, "Duration", "Milliseconds", dimensions, note.milliseconds, note.ended)


def _throttle(note: Throttled) -> Iterator[Value]:
    for dimensions in _dimensions(note.name, note.invoked_as):
        yield Value(NAMESPACE, "Throttles", "Count", dimensions, 1, note.ended)


def _dimensions(name: str, invoked_as: str) -> list[tuple[tuple[str, str], ...]]:
    return [(), (("FunctionName", name),), (("FunctionName", name), ("Resource", invoked_as))]


def _embedded(lines: Iterable[bytes]) -> Iterator[Value]:
    """Give the metrics that a function has written into its log.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    for line in lines:
        if not line.startswith(_EMBEDDED) or b'"_aws"' not in line:
            continue
        try:
            yield from list(_document(json.loads(line)))
        except _NO_DOCUMENT as error:
            # A function may print anything. CloudWatch takes such a line as text too.
            _log.warning("a line of a log is no document of metrics: %r", error)


def _document(document: dict[str, Any]) -> Iterator[Value]:
    when = document["_aws"]["Timestamp"] / 1000
    # Not every number is a moment.
    datetime.fromtimestamp(when, UTC)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple((name, str(document[name])) for name in names)
            for metric in directive["Metrics"]:
                name, unit = metric["Name"], str(metric.get("Unit", "None"))
                found = document[name]
                for value in found if isinstance(found, list) else [found]:
                    yield Value(str(directive["Namespace"]), name, unit, dimensions, float(value), when)


def _put(account: str, region: str, values: Iterable[Value]) -> None:
    """Put values as CloudWatch keeps them: one sum for each minute, however many there were."""
    minutes: defaultdict[Value, list[float]] = defaultdict(list)
    for value in values:
        minutes[value._replace(value=0, when=value.when // 60 * 60)].append(value.value)
    kept = cloudwatch_backends[account][region].metric_data
    for metric, numbers in minutes.items():
        kept.append(
            MetricAggregatedDatum(
                metric.namespace,
                metric.name,
                min(numbers),
                max(numbers),
                len(numbers),
                sum(numbers),
                [{"Name": name, "Value": value} for name, value in metric.dimensions],
                # moto has its times without a zone.
                datetime.fromtimestamp(metric.when, UTC).replace(tzinfo=None),
                metric.unit,
            )
        )
