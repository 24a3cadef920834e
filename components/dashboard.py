"""A CloudWatch dashboard of all that the stack watches: what fires on top, then a graph for each alarm."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from components.alarm import VALUE, Alarm
from components.alarms import Alarms

WIDTH, STATUS_HEIGHT, GRAPH_WIDTH, GRAPH_HEIGHT = 24, 4, 8, 6
"""In CloudWatch's grid of 24 columns: three graphs in a row."""
MOST_IN_STATUS = 100
Widget = dict[str, object]
Place = tuple[int, int, int, int]
"""Column, row, width, height."""


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    alarms: Alarms
    """Whatever it watches when the dashboard is made; so make the dashboard last."""

    def __post_init__(self) -> None:
        if not self.alarms.watched:
            raise pulumi.RunError("dashboard: its alarms watch nothing yet; call alarms.watch before it")


class Dashboard(pulumi.ComponentResource):
    """The same values as the alarms, with their thresholds. Three are free, then 3 $ a month each.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """

    name: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Dashboard", name, None, opts)
        dashboard = cloudwatch.Dashboard(
            f"{name}-dashboard",
            # AWS draws no name of its own, and two stacks of one account must not take each other's.
            dashboard_name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
            dashboard_body=pulumi.Output.json_dumps(body(args.alarms)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def body(alarms: Alarms) -> dict[str, object]:
    """The widgets: the alarms' states, then for each component a heading and its graphs."""
    status: Widget = {"title": "Alarms", "alarms": list(alarms.arns)[:MOST_IN_STATUS]}
    widgets = [_widget("alarm", (0, 0, WIDTH, STATUS_HEIGHT), status)]
    y = STATUS_HEIGHT
    for of, watched in _by_component(alarms).items():
        widgets.append(_widget("text", (0, y, WIDTH, 1), {"markdown": f"## {of}"}))
        y += 1
        for index, alarm in enumerate(watched):
            column, row = index % (WIDTH // GRAPH_WIDTH), index // (WIDTH // GRAPH_WIDTH)
            left, top = column * GRAPH_WIDTH, y + row * GRAPH_HEIGHT
            graph = _graph(alarm, alarms.region)
            widgets.append(_widget("metric", (left, top, GRAPH_WIDTH, GRAPH_HEIGHT), graph))
        y += GRAPH_HEIGHT * -(-len(watched) * GRAPH_WIDTH // WIDTH)
    return {"widgets": widgets}


def _by_component(alarms: Alarms) -> dict[str, list[Alarm]]:
    groups: dict[str, list[Alarm]] = {}
    for alarm in alarms.watched:
        groups.setdefault(alarm.of, []).append(alarm)
    return groups


def _widget(kind: str, place: Place, properties: Widget) -> Widget:
    x, y, width, height = place
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _graph(alarm: Alarm, region: str) -> Widget:
    metrics: list[list[object]] = []
    for id_, metric in alarm.metrics.items():
        dimensions = [part for pair in metric.dimensions.items() for part in pair]
        shown: Widget = {"id": id_, "stat": metric.stat}
        if alarm.expression is not None:
            shown["visible"] = False
        metrics.append([metric.namespace, metric.name, *dimensions, shown])
    if alarm.expression is not None:
        metrics.append([{"id": VALUE, "label": alarm.title, "expression": alarm.expression}])
    return {
        "title": alarm.title,
        "region": region,
        "view": "timeSeries",
        "period": alarm.period_seconds,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0}},
        "annotations": {"horizontal": [{"label": "alarm", "value": alarm.threshold}]},
    }
