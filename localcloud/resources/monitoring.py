"""CloudWatch: log groups and what is delivered to logs, alarms."""

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making


def alarm(inputs: Inputs, making: Making) -> Inputs:
    """A metric of a query has, for CloudWatch, its statistic beside it and not within."""
    queries: list[Inputs] = []
    for query in mappings(inputs.get("metricQueries")):
        rest = {name: value for name, value in query.items() if name != "metric"}
        metric = mapping(query.get("metric"))
        if metric:
            names = ("period", "stat", "unit")
            statistic = {name: metric[name] for name in names if metric.get(name) is not None}
            identity = {name: value for name, value in metric.items() if name not in names}
            rest["metricStat"] = {**statistic, "metric": identity}
        queries.append(rest)
    return {**inputs, "metricQueries": queries} if queries else inputs


KINDS = {
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        create=Call(
            "logs.create_log_group",
            renames={"name": "logGroupName", "logGroupClass": "logGroupClass"},
        ),
        then=[
            Call(
                "logs.put_retention_policy",
                fixed={"logGroupName": "{name}"},
                inputs=["retentionInDays"],
            ),
        ],
        id="{name}",
        outputs={"arn": "arn:aws:logs:{region}:{account}:log-group:{name}"},
        name=Name(limit=512),
        ignored=["skipDestroy"],
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Kind(
        create=Call("logs.put_delivery_source"),
        result="deliverySource",
        id="{name}",
        name=Name(limit=60),
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Kind(
        create=Call("logs.put_delivery_destination"),
        result="deliveryDestination",
        id="{name}",
        name=Name(limit=60),
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Kind(
        create=Call("logs.create_delivery"), result="delivery", id="{id}"
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Kind(
        create=Call("logs.put_resource_policy"), id="{policyName}"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        create=Call("cloudwatch.put_metric_alarm", renames={"name": "AlarmName", "metricQueries": "Metrics"}),
        prepare=alarm,
        id="{name}",
        outputs={"arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"},
        name=Name(),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Kind(
        create=Call("cloudwatch.put_dashboard"),
        id="{dashboardName}",
        outputs={"dashboardArn": "arn:aws:cloudwatch::{account}:dashboard/{dashboardName}"},
    ),
}
