"""What watches over a stack: its alarms and its dashboard, without creating them."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from s3vl_lambda import observability
from s3vl_lambda.protocol import errors
from s3vl_lambda.services.s3_vectors import CallStats
from s3vl_lambda.settings import settings

TO_THE_TOPIC = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}


def test_every_alarm_reaches_the_topic(template: dict[str, Any]) -> None:
    """Each says what happened, tells the topic of it and of its end, and is quiet when there are no calls."""
    alarms = [part for part in template["Resources"].values() if part["Type"] == "AWS::CloudWatch::Alarm"]

    assert len(alarms) == 6
    for alarm in (resource["Properties"] for resource in alarms):
        assert alarm["AlarmDescription"]
        assert alarm["AlarmActions"] == alarm["OKActions"] == TO_THE_TOPIC
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("milliseconds", "timeout", "rings"), [(24_001, 30, True), (24_000, 30, False), (8_001, 10, True)]
)
def test_the_duration_alarm_rings_above_80_percent(
    template: dict[str, Any], milliseconds: int, timeout: int, rings: bool
) -> None:
    """The expression gives the longest call as a share of the timeout, whatever that is."""
    alarm = template["Resources"]["DurationAlarm"]["Properties"]
    [share, longest] = alarm["Metrics"]
    expression = share["Expression"]["Fn::Sub"].replace("${LambdaTimeout}", str(timeout))
    percent = eval(expression, {longest["Id"]: milliseconds})  # noqa: S307 - metric math is Python here

    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert (percent > alarm["Threshold"]) is rings


@pytest.fixture(scope="module")
def dashboard(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the dashboard's widgets, with 1 for every reference."""
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets: list[dict[str, Any]] = json.loads(re.sub(r"\$\{[^}]+\}", "1", body))["widgets"]
    return widgets


@pytest.fixture
def invocation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what one invocation leaves behind: the line of its log, and its metrics."""
    log = io.StringIO()
    monkeypatch.setattr(observability.logger().registered_handler, "stream", log)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "s3vl-vector-query")
    settings.cache_clear()
    observability.publish(observability.Record("query_vectors", "request-1", cold_start=True), CallStats(), 0)
    [metrics] = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    return json.loads(log.getvalue()), metrics


def test_the_dashboard_shows_every_metric_of_the_handler(
    dashboard: list[dict[str, Any]], invocation: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """It searches for the metrics that an invocation of its function publishes, by namespace and dimensions."""
    _, published = invocation
    place = ",".join([published["Namespace"], *published["Dimensions"][0]])
    lines = [line for widget in dashboard for line in widget["properties"].get("metrics", [])]
    searches = [
        re.findall(
            r"^SEARCH\('\{(.+)\} function_name=\"1\" MetricName=\"(.+)\"', '\w+', 300\)$",
            source["expression"],
        )
        for source, *_ in lines
        if isinstance(source, dict)
    ]

    assert {found for [found] in searches} == {(place, metric["Name"]) for metric in published["Metrics"]}


RINGS = {
    "success": None,
    "invalid_request": None,
    "unsupported_operation": None,
    "unsupported_protocol": None,
    "not_found": None,
    "no_vector_bucket": None,
    "not_empty": None,
    "restricted": None,
    "response_too_large": None,
    "access_denied": "DeniedAlarm",
    "service_failure": "FailedAlarm",
    "malformed_data": "FailedAlarm",
    "throttled": "FailedAlarm",
    "timeout": "FailedAlarm",
    "internal_error": "FailedAlarm",
}


@pytest.mark.usefixtures("invocation")
@pytest.mark.parametrize(("code", "alarm"), RINGS.items())
def test_an_answered_failure_is_counted_where_its_alarm_looks(
    template: dict[str, Any],
    dashboard: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    code: str,
    alarm: str | None,
) -> None:
    """What is denied, and what fails for no fault of the caller, has a metric by which an alarm rings."""
    record = observability.Record("query_vectors", "request-1", cold_start=False, code=code)
    observability.publish(record, CallStats(), 0)
    _, *failures = map(json.loads, capsys.readouterr().out.splitlines())

    if alarm is None:
        assert failures == []
        return
    [failure], watched = failures, template["Resources"][alarm]["Properties"]
    [counted] = failure["_aws"]["CloudWatchMetrics"]
    place = (watched["Namespace"], watched["MetricName"], [one["Name"] for one in watched["Dimensions"]])
    assert (counted["Namespace"], counted["Metrics"][0]["Name"], *counted["Dimensions"]) == place
    assert failure[watched["MetricName"]] == [1.0]
    assert failure["function_name"] == "s3vl-vector-query"
    assert (watched["Statistic"], watched["Threshold"]) == ("Sum", 1)
    assert watched["MetricName"] in json.dumps(dashboard)


def test_every_code_of_the_protocol_rings_or_is_the_caller_s() -> None:
    """A code that is added has to be put on one of the two sides."""
    codes = {
        error.code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "code")
    }

    assert RINGS.keys() - {"success"} == codes


def test_the_dashboard_counts_failures_in_the_log_of_the_handler(
    dashboard: list[dict[str, Any]], invocation: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Its query uses fields that a line of the log has, with the values that it has."""
    line, _ = invocation
    [query] = [widget["properties"]["query"] for widget in dashboard if widget["type"] == "log"]

    assert query == (
        "SOURCE '1' | filter message = 'answered' and code != 'success' | stats count(*) by operation, code"
    )
    assert (line["message"], line["code"], line["operation"]) == ("answered", "success", "query_vectors")


def test_the_dashboard_shows_every_alarm(template: dict[str, Any]) -> None:
    """The first widget lists all alarms of the template."""
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    alarms = [
        name for name, part in template["Resources"].items() if part["Type"] == "AWS::CloudWatch::Alarm"
    ]

    assert re.findall(r"\$\{(\w+Alarm)\.Arn\}", body) == alarms
