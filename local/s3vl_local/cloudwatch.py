"""What moto's CloudWatch and CloudWatch Logs lack: metrics by their exact dimensions, and patterns of several terms."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.cloudwatch import models as metrics
from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase, Statistics
from moto.logs import models as logs
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogEvent, LogStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')


def install() -> None:
    """Put these in the place of moto's."""
    metrics.are_dimensions_same = are_dimensions_same
    CloudWatchBackend.get_metric_statistics = get_metric_statistics
    CloudWatchBackend.get_metric_data = get_metric_data
    logs.EventMessageFilter = TermsPattern
    LogStream.__getstate__ = _stream_to_keep
    LogStream.__setstate__ = _kept_stream


def are_dimensions_same(one: list[Any], other: list[Any]) -> bool:
    """Tell whether two metrics of a name are one; moto takes two of several dimensions for different ones."""
    return _pairs(one) == _pairs(other)


def get_metric_statistics(
    self: Any,
    namespace: str,
    metric_name: str,
    start_time: datetime,
    end_time: datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    unit: str | None = None,
) -> list[Statistics]:
    """Return the statistics of one metric; moto adds those of all metrics that have more dimensions."""
    _check_statistics(stats)
    if start_time >= end_time:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    data = _data_of(self.get_all_metrics(), namespace, metric_name, dimensions, unit)
    return list(_by_period(data, start_time, end_time, period, stats))


def get_metric_data(
    self: Any,
    queries: list[dict[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampAscending",
) -> list[dict[str, Any]]:
    """Return a series for each query. An expression may name another query; metric math is not done here."""
    if start_time >= end_time:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    everything = self.get_all_metrics()
    series = {
        query["Id"]: _series(everything, query["MetricStat"], start_time, end_time)
        for query in queries
        if "MetricStat" in query
    }
    results = []
    for query in queries:
        name = query.get("Expression", query["Id"])
        if name not in series:
            raise ValidationError(
                f"The local cloud does no metric math; Expression may be the Id of a query, not {name}"
            )
        if not query.get("ReturnData", True):
            continue
        found = series[name] if scan_by == "TimestampAscending" else series[name][::-1]
        results.append(
            {
                "id": query["Id"],
                "label": query.get("Label")
                or query.get("MetricStat", {}).get("Metric", {}).get("MetricName", name),
                "timestamps": [when for when, _ in found],
                "values": [value for _, value in found],
                "status_code": "Complete",
            }
        )
    return results


def _series(
    everything: list[MetricDatumBase], query: dict[str, Any], start_time: datetime, end_time: datetime
) -> list[tuple[datetime, Any]]:
    _check_statistics([query["Stat"]])
    metric = query["Metric"]
    data = _data_of(
        everything, metric["Namespace"], metric["MetricName"], metric.get("Dimensions", []), query.get("Unit")
    )
    return [
        (one.timestamp, one.get_statistics_for_type(query["Stat"]))
        for one in _by_period(data, start_time, end_time, int(query["Period"]), [query["Stat"]])
    ]


def _check_statistics(names: Iterable[str]) -> None:
    for name in names or ["(a percentile)"]:
        if name not in STATISTICS:
            raise InvalidParameterValue(
                f"The local cloud computes {', '.join(STATISTICS)}, and no other statistics, such as {name}"
            )


def _data_of(
    everything: list[MetricDatumBase],
    namespace: str,
    name: str,
    dimensions: list[dict[str, str]],
    unit: str | None,
) -> list[MetricDatumBase]:
    wanted = {(one["Name"], one["Value"]) for one in dimensions}
    return [
        datum
        for datum in everything
        if (datum.namespace, datum.name) == (namespace, name)
        and _pairs(datum.dimensions) == wanted
        and unit in (None, datum.unit)
    ]


def _by_period(
    data: list[MetricDatumBase], start_time: datetime, end_time: datetime, period: int, stats: list[str]
) -> Iterator[Statistics]:
    """Give the statistics of each period that has data; periods begin at multiples of their length, as in AWS."""
    periods: defaultdict[datetime, list[MetricDatumBase]] = defaultdict(list)
    first = _period_of(start_time, period)
    for datum in data:
        if first <= datum.timestamp.replace(tzinfo=None) < end_time.replace(tzinfo=None):
            periods[_period_of(datum.timestamp, period)].append(datum)
    for when in sorted(periods):
        statistics = Statistics(stats, when, periods[when][0].unit)
        statistics.metric_data = periods[when]
        yield statistics


def _period_of(when: datetime, period: int) -> datetime:
    # moto has its times without a zone.
    seconds = int(when.replace(tzinfo=UTC).timestamp())
    return datetime(1970, 1, 1) + timedelta(seconds=seconds - seconds % period)  # noqa: DTZ001


def _pairs(dimensions: Iterable[Any]) -> set[tuple[str, str]]:
    return {(one.name, one.value) for one in dimensions}


class TermsPattern:
    """A filter pattern of terms: all must be in a message, none with `-`, and one of those with `?`."""

    def __init__(self, pattern: str | None) -> None:
        """Read a pattern; those of other kinds are refused, where moto would let every message through."""
        if pattern and pattern.lstrip()[:1] in ("{", "[", "%"):
            raise InvalidParameterException(
                "The local cloud knows filter patterns of terms, such as '\"a b\" -c', and no JSON, columns or "
                f"regular expressions, such as {pattern}"
            )
        terms: defaultdict[str, list[str]] = defaultdict(list)
        for sign, quoted, plain in _TERM.findall(pattern or ""):
            terms[sign].append(plain or quoted.replace('\\"', '"'))
        self._all, self._none, self._any = terms[""], terms["-"], terms["?"]

    def matches(self, message: str) -> bool:
        """Tell whether a message is one that is wanted."""
        return (
            all(term in message for term in self._all)
            and not any(term in message for term in self._none)
            and (not self._any or any(term in message for term in self._any))
        )


def _stream_to_keep(self: LogStream) -> dict[str, Any]:
    """Keep events as plain values: pickling each as an object would take as long as all the rest together."""
    events = [(event.event_id, event.ingestion_time, event.timestamp, event.message) for event in self.events]
    return {**self.__dict__, "events": events}


def _kept_stream(self: LogStream, state: dict[str, Any]) -> None:
    self.__dict__.update(state)
    self.events = [_kept_event(*values) for values in state["events"]]


def _kept_event(number: int, ingestion_time: int, timestamp: int, message: str) -> LogEvent:
    event = LogEvent(ingestion_time, {"timestamp": timestamp, "message": message})
    event.event_id = number
    # Readers tell events apart by their numbers.
    LogEvent._event_id = max(LogEvent._event_id, number + 1)  # noqa: SLF001
    return event
