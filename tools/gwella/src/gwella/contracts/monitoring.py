"""What is made of the metrics' catalogue for whoever watches: a Grafana dashboard and Prometheus alert rules.

Names are those under which the collector offers the metrics to Prometheus: dots become underscores, a counter ends in
`_total`, a unit in seconds or bytes is written out, a unit in braces is left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from eventing import metrics as backbone
from eventing.metrics import Alert, Metric
from service_kit import metrics

DASHBOARD: Final = "deploy/grafana/event-backbone.json"
ALERTS: Final = "deploy/grafana/alerts.yaml"

CATALOGUE: Final = (*backbone.CATALOGUE, *metrics.CATALOGUE)
_SUFFIXES: Final[Mapping[str, str]] = {"s": "_seconds", "By": "_bytes"}
_SHOWN_UNITS: Final[Mapping[str, str]] = {"s": "s", "By": "bytes"}
_ROWS: Final[Mapping[str, tuple[Metric, ...]]] = {
    "Stands still: somebody has to look": (
        backbone.STOPPED, backbone.PARKED_KEYS, backbone.PARKED, backbone.PENDING,
    ),
    "How far behind": (
        backbone.CONSUMER_BEHIND, backbone.STALENESS, backbone.PARTITION_LAG, backbone.CONSUMER_LAG,
    ),
    "From the outbox to the topic": (
        backbone.OUTBOX_DEPTH, backbone.OUTBOX_AGE, backbone.SHIPPER_LAG, backbone.SHIPPER_AGE,
    ),
    "What flows": (backbone.SEQUENCED, backbone.SHIPPED, backbone.CONSUMED),
    "What fails and is repeated": (backbone.ROUND_FAILED, backbone.BATCH_FELL_BACK, backbone.SHIPPER_FENCED),
    "Requests and connections": metrics.CATALOGUE,
}  # fmt: skip
_SAME_EVERYWHERE: Final = frozenset({"network.protocol.version", "url.scheme"})
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH, _HEIGHT, _GRID = 6, 8, 24


def prometheus_name(metric: Metric) -> str:
    """The name of a metric's family in Prometheus; a histogram's series add `_bucket`, `_sum` and `_count`.

    Raises ValueError for a unit whose name there nobody has looked up.
    """
    name = metric.name.replace(".", "_")
    if metric.unit in _SUFFIXES:
        name += _SUFFIXES[metric.unit]
    elif not (metric.unit.startswith("{") and metric.unit.endswith("}")):
        raise ValueError(f"{metric.name}: how is the unit {metric.unit!r} written there?")
    return f"{name}_total" if metric.kind == "counter" else name


def labels(metric: Metric) -> tuple[str, ...]:
    """Its labels in Prometheus that tell something: the service, which every series bears, and the attributes."""
    told = (attribute for attribute in metric.attributes if attribute not in _SAME_EVERYWHERE)
    return ("service_name", *(attribute.replace(".", "_") for attribute in told))


def expression(metric: Metric, window: str = "$__rate_interval", where: str = "") -> str:
    """PromQL of what one looks at: a gauge's value, a counter's rate a second, a histogram's 99th percentile."""
    name, by = prometheus_name(metric), ", ".join(labels(metric))
    if metric.kind == "gauge":
        return f"max by ({by}) ({name}{where})"
    if metric.kind == "counter":
        return f"sum by ({by}) (rate({name}{where}[{window}]))"
    return f"histogram_quantile(0.99, sum by (le, {by}) (rate({name}_bucket{where}[{window}])))"


def condition(metric: Metric, alert: Alert) -> str:
    """PromQL that holds while somebody is to be told."""
    if metric.kind == "counter":
        by = ", ".join(labels(metric))
        return f"sum by ({by}) (increase({prometheus_name(metric)}[10m])) > {alert.above:g}"
    return f"{expression(metric, '10m')} > {alert.above:g}"


def alert_name(metric: Metric) -> str:
    """What the alert of a metric is called: `GwellaOutboxAge`."""
    words = metric.name.removeprefix("eventing.").replace(".", "_").split("_")
    return "Gwella" + "".join(word.capitalize() for word in words)


def monitoring_files() -> dict[str, str]:
    """The dashboard and the alert rules, by their paths from the root of the project."""
    return {
        DASHBOARD: json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n",
        ALERTS: "# Written by `gwella contracts` from the metrics' catalogue; change it there, not here.\n"
        + yaml.safe_dump(alert_rules(), sort_keys=False, allow_unicode=True, width=118),
    }


def dashboard() -> dict[str, Any]:
    """A dashboard in Grafana's JSON model: a row for each question, a panel for each metric of the catalogue."""
    return {
        "uid": "gwella-event-backbone",
        "title": "Gwella: the event backbone",
        "description": "From a request's transaction to the projections of every service, and the services' requests.",
        "tags": ["gwella"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "graphTooltip": 1,
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_datasource(), _service()]},
        "panels": list(_panels()),
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0,
        "includeAll": False, "multi": False, "refresh": 1, "regex": "", "options": [],
    }  # fmt: skip


def _service() -> dict[str, Any]:
    query = f"label_values({prometheus_name(metrics.POOL_IN_USE)}, service_name)"
    return {
        "name": "service", "label": "Service", "type": "query", "datasource": _DATASOURCE, "definition": query,
        "query": {"query": query, "refId": "services"}, "refresh": 2, "regex": "", "sort": 1, "hide": 0,
        "includeAll": True, "allValue": ".*", "multi": True, "options": [],
        "current": {"text": ["All"], "value": ["$__all"]},
    }  # fmt: skip


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for title, shown in _ROWS.items():
        number += 1
        yield {
            "id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"h": 1, "w": _GRID, "x": 0, "y": top},
        }  # fmt: skip
        top += 1
        for place, metric in enumerate(shown):
            number += 1
            across, down = place * _WIDTH % _GRID, place * _WIDTH // _GRID * _HEIGHT
            grid = {"h": _HEIGHT, "w": _WIDTH, "x": across, "y": top + down}
            yield _panel(metric, number, grid)
        top += _HEIGHT * -(-len(shown) * _WIDTH // _GRID)


def _panel(metric: Metric, number: int, grid: Mapping[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if metric.alert is not None and metric.kind != "counter":
        steps.append({"color": "red", "value": metric.alert.above})
    unit = "cps" if metric.kind == "counter" else _SHOWN_UNITS.get(metric.unit, "short")
    legend = " ".join(f"{{{{{label}}}}}" for label in labels(metric))
    target = {
        "refId": "A", "datasource": _DATASOURCE, "editorMode": "code", "range": True, "legendFormat": legend,
        "expr": expression(metric, where='{service_name=~"$service"}'),
    }  # fmt: skip
    return {
        "id": number,
        "type": "timeseries",
        "title": metric.name + {"counter": " a second", "histogram": ", 99th percentile"}.get(metric.kind, ""),
        "description": f"{metric.description}\n\n{metric.advice}",
        "datasource": _DATASOURCE,
        "gridPos": dict(grid),
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "min": 0,
                "color": {"mode": "palette-classic"},
                "custom": {
                    "drawStyle": "line", "lineWidth": 1, "fillOpacity": 8, "showPoints": "never",
                    "thresholdsStyle": {"mode": "line" if len(steps) > 1 else "off"},
                },
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [target],
    }  # fmt: skip


def alert_rules() -> dict[str, Any]:
    """Prometheus rules: one for each metric with a threshold, and one for when nobody measures at all."""
    silent = {
        "alert": "GwellaNobodyMeasures",
        "expr": f"absent({prometheus_name(backbone.OUTBOX_AGE)})",
        "for": "5m",
        "labels": {"severity": "page"},
        "annotations": {
            "summary": "No relay says how its outbox stands.",
            "description": "Every other rule is blind then. Do the relays run, and do they reach the collector?",
        },
    }
    return {"groups": [{"name": "gwella-event-backbone", "rules": [*_rules(CATALOGUE), silent]}]}


def _rules(catalogue: Iterable[Metric]) -> Iterator[dict[str, Any]]:
    for metric in catalogue:
        if metric.alert is not None:
            on = ", ".join(f"{{{{ $labels.{label} }}}}" for label in labels(metric))
            yield {
                "alert": alert_name(metric),
                "expr": condition(metric, metric.alert),
                "for": f"{metric.alert.minutes}m",
                "labels": {"severity": metric.alert.severity},
                "annotations": {"summary": f"{on}: {metric.description}", "description": metric.advice},
            }


def page_rows(catalogue: Sequence[Metric]) -> Iterator[tuple[str, ...]]:
    """A metric's line in the page: its names, kind and unit, labels, meaning, what to do, when somebody is told."""
    for metric in sorted(catalogue, key=lambda one: one.name):
        told = ""
        if metric.alert is not None:
            after = f" for {metric.alert.minutes} min" if metric.alert.minutes else ""
            grown = {"counter": "grew by ", "histogram": "p99 "}.get(metric.kind, "")
            told = f"{grown}> {metric.alert.above:g}{after}: {metric.alert.severity}"
        yield (
            f"`{metric.name}`<br>`{prometheus_name(metric)}`",
            f"{metric.kind}, {metric.unit}",
            ", ".join(f"`{attribute}`" for attribute in metric.attributes),
            metric.description,
            metric.advice,
            told,
        )
