"""Every metric is declared in one catalogue and is really measured."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from eventing import metrics

LATER = datetime(2026, 9, 1, 9, tzinfo=UTC)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryMetricReader]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(metrics.otel, "get_meter", provider.get_meter)
    metrics._instrument.cache_clear()
    yield reader
    metrics._instrument.cache_clear()
    provider.shutdown()


def test_names_are_unique_and_described() -> None:
    names = [metric.name for metric in metrics.CATALOGUE]
    assert len(set(names)) == len(names)
    declared = {value for value in vars(metrics).values() if isinstance(value, metrics.Metric)}
    assert declared == set(metrics.CATALOGUE)
    assert all(metric.description.endswith(".") and metric.unit for metric in metrics.CATALOGUE)


async def test_a_run_measures_what_the_catalogue_says(
    world: Any, local: Any, tools: Any, reader: InMemoryMetricReader
) -> None:
    consumer = world.consumer_of(local, now=lambda: LATER)
    await world.join(consumer)
    world.start(world.sequencer(), world.shipper(local))
    await world.publish("a", "b")

    async def complete() -> bool:
        return len(await world.seen()) == 2

    await tools.eventually(complete)
    await world.stop()
    found: dict[str, list[Any]] = {}
    for resource in reader.get_metrics_data().resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found[metric.name] = list(metric.data.data_points)
    by_metric = {metric.name: metric for metric in metrics.CATALOGUE}
    assert set(found) <= set(by_metric)
    for name in ("eventing.sequencer.moved", "eventing.shipper.shipped"):
        assert sum(point.value for point in found[name]) == 2
    handled = [p for p in found["eventing.consumer.events"] if p.attributes["outcome"] == "handled"]
    assert sum(point.value for point in handled) == 2
    assert found["eventing.consumer.lag"][0].count == 1
    for name in (
        "eventing.outbox.age",
        "eventing.outbox.depth",
        "eventing.shipper.lag",
        "eventing.consumer.parked",
    ):
        assert found[name][0].value >= 0
    for name, points in found.items():
        for point in points:
            assert set(point.attributes) == set(by_metric[name].attributes)
