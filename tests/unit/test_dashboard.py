"""The dashboard shows what the alarms watch: the same metrics, statistics and thresholds."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.alarm import Alarm, Metric
from components.alarms import Alarms, AlarmsArgs
from components.dashboard import Dashboard, DashboardArgs
from components.key import Key, KeyArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record


def alarm(name: str, of: str, **options: Any) -> Alarm:
    metrics = {"errors": Metric(namespace="Shop", name="Errors", dimensions={"Service": "api"}, stat="Sum")}
    values: dict[str, Any] = {"title": f"Title of {name}", "description": "x", "metrics": metrics}
    return Alarm(name=name, of=of, **{**values, "threshold": 5, **options})


def build(*watched: Alarm) -> Run:
    def program() -> Dashboard:
        alarms = Alarms("shop", AlarmsArgs(key=Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))))
        alarms.watch(*watched)
        return Dashboard("shop", DashboardArgs(alarms=alarms))

    return record(program)


def widgets(run: Run) -> list[dict[str, Any]]:
    body = run.of_type("aws:cloudwatch/dashboard:Dashboard")[0].inputs["dashboardBody"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_one_dashboard_named_for_the_stack(within: Callable[[Run, str], list[tuple[str, str]]]) -> None:
    run = build(alarm("one", "service api"))

    assert within(run, "Dashboard") == [("aws:cloudwatch/dashboard:Dashboard", "shop-dashboard")]
    dashboard = run.of_type("aws:cloudwatch/dashboard:Dashboard")[0].inputs
    assert dashboard["dashboardName"] == "causeway-test-shop"


def test_the_states_of_all_alarms_stand_on_top() -> None:
    top = widgets(build(alarm("one", "service api"), alarm("two", "queue orders")))[0]

    assert (top["type"], top["x"], top["y"]) == ("alarm", 0, 0)
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:metricalarm/shop-"
    assert top["properties"]["alarms"] == [f"{arn}one", f"{arn}two"]


def test_a_heading_for_each_component_and_its_graphs_under_it() -> None:
    names = ["one", "two", "three", "four"]
    shown = widgets(build(*[alarm(n, "service api") for n in names], alarm("five", "queue orders")))

    assert [(w["type"], w["x"], w["y"], w["width"], w["height"]) for w in shown[1:]] == [
        ("text", 0, 4, 24, 1),
        ("metric", 0, 5, 8, 6),
        ("metric", 8, 5, 8, 6),
        ("metric", 16, 5, 8, 6),
        ("metric", 0, 11, 8, 6),
        ("text", 0, 17, 24, 1),
        ("metric", 0, 18, 8, 6),
    ]
    headings = [w["properties"]["markdown"] for w in shown if w["type"] == "text"]
    assert headings == ["## service api", "## queue orders"]


def test_a_graph_of_one_metric_with_its_threshold() -> None:
    graph = widgets(build(alarm("one", "service api")))[2]["properties"]

    assert graph == {
        "title": "Title of one",
        "region": REGION,
        "view": "timeSeries",
        "period": 300,
        "metrics": [["Shop", "Errors", "Service", "api", {"id": "errors", "stat": "Sum"}]],
        "yAxis": {"left": {"min": 0}},
        "annotations": {"horizontal": [{"label": "alarm", "value": 5}]},
    }


def test_a_graph_of_an_expression_hides_what_it_is_made_of() -> None:
    graph = widgets(build(alarm("one", "service api", expression="2 * errors")))[2]["properties"]

    assert graph["metrics"] == [
        ["Shop", "Errors", "Service", "api", {"id": "errors", "stat": "Sum", "visible": False}],
        [{"id": "value", "label": "Title of one", "expression": "2 * errors"}],
    ]


def test_a_dashboard_of_nothing_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"^dashboard: its alarms watch nothing yet; call alarms.watch"):
        build()
