"""AWS::CloudWatch: alarms, which never ring here, and dashboards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation.exceptions import ValidationError
from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends

from s3vl_local.cloudformation.resources import Place, Resource, ResourceType, Shape, boolean

if TYPE_CHECKING:
    from moto.cloudwatch.models import CloudWatchBackend

METRIC: Shape = {"Dimensions": {"Name": None, "Value": None}, "MetricName": None, "Namespace": None}


class Alarm(ResourceType):
    """An alarm on one metric, or on an expression of several."""

    name = "AWS::CloudWatch::Alarm"
    properties: ClassVar[Shape] = {
        "ActionsEnabled": boolean,
        "AlarmActions": None,
        "AlarmDescription": None,
        "AlarmName": None,
        "ComparisonOperator": None,
        "DatapointsToAlarm": int,
        "Dimensions": METRIC["Dimensions"],
        "EvaluationPeriods": int,
        "ExtendedStatistic": None,
        "InsufficientDataActions": None,
        "MetricName": None,
        "Metrics": {
            "Expression": None,
            "Id": None,
            "Label": None,
            "MetricStat": {"Metric": METRIC, "Period": int, "Stat": None, "Unit": None},
            "Period": int,
            "ReturnData": boolean,
        },
        "Namespace": None,
        "OKActions": None,
        "Period": int,
        "Statistic": None,
        "Threshold": float,
        "TreatMissingData": None,
        "Unit": None,
    }
    attributes = frozenset({"Arn"})
    replacing = frozenset({"AlarmName"})
    name_property = "AlarmName"

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Put an alarm that was not there before."""
        if name in _backend(place).alarms:
            raise ValidationError(message=f"{name} already exists")
        alarm = self._put(place, name, properties)
        return name, {"Arn": alarm.alarm_arn}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Put the alarm again, which replaces all that it says."""
        self._put(place, resource.physical_resource_id, properties)

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the alarm; CloudWatch does not mind when it is gone."""
        _backend(place).delete_alarms([resource.physical_resource_id])

    def _put(self, place: Place, name: str, properties: dict[str, Any]) -> Any:
        return _backend(place).put_metric_alarm(
            name=name,
            namespace=properties.get("Namespace"),
            metric_name=properties.get("MetricName"),
            metric_data_queries=[_query(metric) for metric in properties.get("Metrics", [])],
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=properties["EvaluationPeriods"],
            datapoints_to_alarm=properties.get("DatapointsToAlarm"),
            period=properties.get("Period"),
            threshold=properties.get("Threshold"),
            statistic=properties.get("Statistic"),
            extended_statistic=properties.get("ExtendedStatistic"),
            description=properties.get("AlarmDescription"),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            insufficient_data_actions=properties.get("InsufficientDataActions", []),
            unit=properties.get("Unit"),
            actions_enabled=properties.get("ActionsEnabled", True),
            treat_missing_data=properties.get("TreatMissingData"),
        )


class Dashboard(ResourceType):
    """A dashboard; its body must be JSON, of which CloudWatch would draw the widgets."""

    name = "AWS::CloudWatch::Dashboard"
    properties: ClassVar[Shape] = {"DashboardBody": None, "DashboardName": None}
    replacing = frozenset({"DashboardName"})
    name_property = "DashboardName"

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Put a dashboard that was not there before."""
        if name in _backend(place).dashboards:
            raise ValidationError(message=f"{name} already exists")
        self._put(place, name, properties)
        return name, {}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Put the new body."""
        self._put(place, resource.physical_resource_id, properties)

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the dashboard; moto does not mind when it is gone."""
        _backend(place).delete_dashboards([resource.physical_resource_id])

    def _put(self, place: Place, name: str, properties: dict[str, Any]) -> None:
        body = properties["DashboardBody"]
        try:
            json.loads(body)
        except ValueError as error:
            raise ValidationError(
                message=f"The field DashboardBody must be a valid JSON object: {error}"
            ) from error
        _backend(place).put_dashboard(name, body)


def _query(metric: dict[str, Any]) -> MetricDataQuery:
    """Return one of an alarm's metrics or expressions as moto keeps it."""
    return MetricDataQuery(
        query_id=metric["Id"],
        label=metric.get("Label"),
        period=metric.get("Period"),
        return_data=metric.get("ReturnData"),
        expression=metric.get("Expression"),
        metric_stat=_statistic(metric["MetricStat"]) if "MetricStat" in metric else None,
    )


def _statistic(statistic: dict[str, Any]) -> MetricStat:
    metric = statistic["Metric"]
    dimensions = [Dimension(pair["Name"], pair["Value"]) for pair in metric.get("Dimensions", [])]
    return MetricStat(
        metric=Metric(metric["MetricName"], metric["Namespace"], dimensions),
        period=statistic["Period"],
        stat=statistic["Stat"],
        unit=statistic.get("Unit"),
    )


def _backend(place: Place) -> CloudWatchBackend:
    return cloudwatch_backends[place.account][place.region]
