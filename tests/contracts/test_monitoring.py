"""Dashboard and alert rules name what is really measured, as Prometheus gets it, and say what to do [E-18]."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventing.metrics import Alert, Metric
from gwella.contracts.monitoring import (
    ALERTS,
    CATALOGUE,
    DASHBOARD,
    alert_rules,
    condition,
    dashboard,
    labels,
    prometheus_name,
)
from gwella.contracts.pages import metrics_page

ROOT = Path(__file__).parents[2]

NAMES = {
    "eventing.sequencer.moved": "eventing_sequencer_moved_total",
    "eventing.outbox.depth": "eventing_outbox_depth",
    "eventing.outbox.age": "eventing_outbox_age_seconds",
    "eventing.shipper.shipped": "eventing_shipper_shipped_total",
    "eventing.shipper.lag": "eventing_shipper_lag",
    "eventing.shipper.age": "eventing_shipper_age_seconds",
    "eventing.shipper.fenced": "eventing_shipper_fenced_total",
    "eventing.loop.failed": "eventing_loop_failed_total",
    "eventing.consumer.events": "eventing_consumer_events_total",
    "eventing.consumer.lag": "eventing_consumer_lag_seconds",
    "eventing.consumer.behind": "eventing_consumer_behind_seconds",
    "eventing.consumer.partition_lag": "eventing_consumer_partition_lag",
    "eventing.consumer.fell_back": "eventing_consumer_fell_back_total",
    "eventing.consumer.parked": "eventing_consumer_parked",
    "eventing.consumer.parked_keys": "eventing_consumer_parked_keys",
    "eventing.consumer.pending": "eventing_consumer_pending",
    "eventing.projection.staleness": "eventing_projection_staleness_seconds",
    "eventing.consumer.stopped": "eventing_consumer_stopped",
    "http.server.request.duration": "http_server_request_duration_seconds",
    "http.server.active_requests": "http_server_active_requests",
    "http.server.request.body.size": "http_server_request_body_size_bytes",
    "service_kit.database.in_use": "service_kit_database_in_use",
}
"""As opentelemetry-exporter-prometheus 0.66b2 wrote them when it was given the catalogue."""
_SERIES = re.compile(r"\b((?:eventing|http_server|service_kit)_\w+)")
_BY = re.compile(r"by \(([^)]*)\)")


def series() -> dict[str, Metric]:
    """Every series that the catalogue makes in Prometheus."""
    found: dict[str, Metric] = {}
    for metric in CATALOGUE:
        name = prometheus_name(metric)
        suffixes = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        found |= {name + suffix: metric for suffix in suffixes}
    return found


def unknown(expression: str) -> list[str]:
    """What an expression names that no metric makes: series, and labels that its series does not bear."""
    known, found = series(), []
    named = _SERIES.findall(_BY.sub("", expression))
    for name in named:
        if name not in known:
            found.append(name)
    allowed = {label for name in named if name in known for label in labels(known[name])} | {"le"}
    for group in _BY.findall(expression):
        found += [label for label in group.split(", ") if label not in allowed]
    return found if named else [*found, "no metric at all"]


def panels() -> list[dict[str, Any]]:
    board: dict[str, Any] = json.loads((ROOT / DASHBOARD).read_text("utf-8"))
    return list(board["panels"])


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((ROOT / ALERTS).read_text("utf-8"))["groups"]
    return list(group["rules"])


def test_names_are_those_that_the_exporter_writes() -> None:
    made = {metric.name: prometheus_name(metric) for metric in CATALOGUE}
    assert {name: made.get(name) for name in NAMES} == NAMES
    with pytest.raises(ValueError, match="unit '1'"):
        prometheus_name(Metric("eventing.share", "gauge", "1", "A share.", ()))


def test_every_expression_names_what_is_measured() -> None:
    expressions = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    expressions += [rule["expr"] for rule in rules()]
    assert len(expressions) > len(CATALOGUE)
    assert {expression: unknown(expression) for expression in expressions if unknown(expression)} == {}
    # The checker bites: a metric that was renamed, a label that the metric does not bear, nothing named.
    assert unknown("max by (service_name, log) (eventing_outbox_waiting)") == [
        "eventing_outbox_waiting", "service_name", "log",
    ]  # fmt: skip
    assert unknown("max by (service_name, key) (eventing_outbox_depth)") == ["key"]
    assert unknown("up == 0") == ["no metric at all"]


def test_the_dashboard_shows_each_metric_once_and_grafana_can_lay_it_out() -> None:
    board, found = dashboard(), panels()
    numbers = [panel["id"] for panel in found]
    assert len(set(numbers)) == len(numbers)
    shown = [panel for panel in found if panel["type"] == "timeseries"]
    titles = sorted(panel["title"].partition(" a second")[0].partition(",")[0] for panel in shown)
    assert titles == sorted(metric.name for metric in CATALOGUE)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        grid = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not taken & cells, f"{panel['title']} lies over another"
        assert max(x for x, _ in cells) < 24
        taken |= cells
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(board))) - {"__rate_interval", "__all"} == variables
    for panel in shown:
        assert panel["description"].count("\n\n") == 1
        assert [target["refId"] for target in panel["targets"]] == ["A"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_every_metric_says_what_to_do_and_its_alert_is_a_rule() -> None:
    page = metrics_page(CATALOGUE)
    for metric in CATALOGUE:
        assert metric.advice.endswith((".", ")")), metric.name
        assert f"`{metric.name}`<br>`{prometheus_name(metric)}`" in page
    alerting = [metric for metric in CATALOGUE if metric.alert is not None]
    expressions = {rule["expr"] for rule in rules()}
    assert {condition(m, m.alert) for m in alerting if m.alert is not None} < expressions
    assert len(alert_rules()["groups"][0]["rules"]) == len(alerting) + 1
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    assert {rule["labels"]["severity"] for rule in rules()} == {"page", "ticket"}
    assert condition(alerting[0], Alert(1, 1)).endswith("> 1")
