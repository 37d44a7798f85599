"""The consumer: exactly once in effect, in order per key, one transaction a batch, nothing parked by an outage."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import trace as otel
from sqlalchemy.exc import InterfaceError

from eventing import trace
from eventing.envelope import Envelope
from eventing.reactions import hears_all, reactions_of, reacts_to, topics_of
from eventing.transports.port import PublishError


async def test_handles_each_event_once_and_in_order(world: Any, local: Any, tools: Any) -> None:
    await world.join(world.consumer_of(local))
    envelopes = [world.envelope(f"k{n % 5}", n // 5 + 1) for n in range(50)]
    await world.ship(local, *envelopes)
    await world.ship(local, *envelopes[:30])  # a repeated batch
    await world.ship(local, envelopes[0], envelopes[0])  # the same event twice in one
    await world.stop()
    seen = await world.seen()
    assert len(seen) == 50
    assert tools.in_order_per_key(seen)


async def test_a_repeat_whose_inbox_row_was_purged_is_refused_as_stale(
    world: Any, local: Any, tools: Any
) -> None:
    consumer = world.consumer_of(local)
    await world.join(consumer)
    envelopes = [world.envelope("k", 1), world.envelope("k", 2)]
    await world.ship(local, *envelopes)
    async with world.engine.begin() as connection:
        await connection.execute(world.consumer.inbox.delete())
    await world.ship(local, *envelopes)
    await world.stop()
    assert await world.seen() == [("k", 1), ("k", 2)]
    assert await world.count(world.consumer.parked) == 0


async def test_a_batch_is_one_transaction(world: Any, local: Any, tools: Any) -> None:
    await world.join(world.consumer_of(local))
    opened = world.opened
    await world.ship(local, *[world.envelope(f"k{n}", 1) for n in range(100)])
    assert world.opened == opened + 1
    await world.stop()


async def test_an_effect_is_committed_with_its_inbox_row_or_not_at_all(
    world: Any, local: Any, tools: Any
) -> None:
    """Killed before the commit: the event comes again and has its effect once."""
    crash = [True]

    @asynccontextmanager
    async def dying() -> Any:
        async with world.unit() as unit:
            yield unit
            if crash and await world.count_in(unit.connection, world.effects):
                crash.clear()
                raise InterfaceError("commit", {}, Exception("connection lost"), connection_invalidated=True)

    consumer = world.consumer_of(local, open_unit=dying)
    await world.join(consumer)
    await world.ship(local, world.envelope("k", 1))
    await world.stop()
    assert not crash, "the crash was never tried"
    assert await world.seen() == [("k", 1)]


async def test_an_outage_parks_nothing_and_the_batch_is_held(world: Any, local: Any, tools: Any) -> None:
    away = [True]

    @asynccontextmanager
    async def flaky() -> Any:
        if away:
            raise ConnectionRefusedError("no database")
        async with world.unit() as unit:
            yield unit

    consumer = world.consumer_of(local, open_unit=flaky)
    world.start(consumer)

    async def failing() -> bool:
        return consumer.health.failing_since is not None

    await tools.eventually(failing)
    assert not consumer.health.ok
    away.clear()

    async def well() -> bool:
        return consumer.health.ok

    await tools.eventually(well)
    await world.ship(local, world.envelope("k", 1))
    assert await world.seen() == [("k", 1)]
    assert await world.count(world.consumer.parked) == 0
    await world.stop()


async def test_a_stopped_consumer_makes_publishing_fail(world: Any, local: Any, tools: Any) -> None:
    """On the local bus nothing passes a consumer that is not there: the cursor must stay."""
    await world.join(world.consumer_of(local))
    await world.stop()
    with pytest.raises(PublishError, match="not running"):
        await world.ship(local, world.envelope("k", 1))


async def test_bulk_reactions_get_what_was_handled_in_order(world: Any, local: Any, tools: Any) -> None:
    calls: list[list[tuple[str, int]]] = []

    @hears_all
    async def hear(envelopes: list[Envelope], unit: Any) -> None:
        calls.append([(e.key, e.version) for e in envelopes])
        for envelope in envelopes:
            await world.effect(unit.connection, envelope)

    await world.join(world.consumer_of(local, reactions=reactions_of(hear)))
    envelopes = [world.envelope("a", 1), world.envelope("b", 1), world.envelope("a", 2)]
    foreign = replace(world.envelope("c", 1), type="org.example.other.happened.v1", data=b"null")
    await world.ship(local, *envelopes, foreign)
    await world.ship(local, *envelopes)
    await world.stop()
    assert calls == [[("a", 1), ("b", 1), ("a", 2), ("c", 1)]]
    assert len(await world.seen()) == 4


async def test_unknown_types_are_ignored(world: Any, local: Any, tools: Any) -> None:
    await world.join(world.consumer_of(local))
    await world.ship(local, replace(world.envelope("k", 1), type="cymru.gwella.tests.thing.vanished.v1"))
    await world.stop()
    assert await world.seen() == []
    assert await world.count(world.consumer.inbox) == 0
    assert await world.count(world.consumer.parked) == 0


async def test_what_a_reaction_writes_is_caused_by_the_event(world: Any, local: Any, tools: Any) -> None:
    causes: list[trace.Cause] = []

    @reacts_to(tools.Event)
    async def note(event: Any, envelope: Envelope, unit: Any) -> None:
        causes.append(trace.cause())

    await world.join(world.consumer_of(local, reactions=reactions_of(note)))
    with trace.caused_by("request-1"):
        envelope = world.envelope("k", 1)
    await world.ship(local, envelope)
    await world.stop()
    assert causes == [trace.Cause("request-1", envelope.id)]
    assert trace.cause() == trace.Cause()


async def test_one_span_a_batch_with_links_to_its_writers(world: Any, local: Any, tools: Any) -> None:
    """One trace from the request through the transport to the effect: the batch links to what wrote its events."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    parents: list[str | None] = []

    @reacts_to(tools.Event)
    async def note(event: Any, envelope: Envelope, unit: Any) -> None:
        parents.append(trace.traceparent())

    consumer = world.consumer_of(local, reactions=reactions_of(note), tracer=tracer)
    await world.join(consumer)
    with tracer.start_as_current_span("request") as request:
        envelopes = [world.envelope("k", 1), world.envelope("l", 1)]
    await world.ship(local, *envelopes)
    await world.stop()
    (span,) = [s for s in exporter.get_finished_spans() if s.name == "consume c"]
    assert [link.context.trace_id for link in span.links] == [request.get_span_context().trace_id]
    assert span.kind is otel.SpanKind.CONSUMER
    (within,) = [s for s in exporter.get_finished_spans() if s.name == "process c"]
    written = request.get_span_context()
    assert within.parent is not None
    assert (within.parent.trace_id, within.parent.span_id) == (written.trace_id, written.span_id)
    assert [link.context for link in within.links] == [span.context]
    batch = f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-"
    assert [str(parent)[: len(batch)] for parent in parents] == [batch] * 2


async def test_two_reactions_to_one_event_share_its_transaction(world: Any, local: Any, tools: Any) -> None:
    first, second = world.keeping("one"), world.keeping("two")
    await world.join(world.consumer_of(local, reactions=(*first, *second)))
    await world.ship(local, world.envelope("k", 1))
    await world.stop()
    assert await world.seen("one") == await world.seen("two") == [("k", 1)]


def test_reactions_name_their_topics(tools: Any) -> None:
    @reacts_to(tools.Event)
    async def one(event: Any, envelope: Envelope, unit: Any) -> None: ...

    assert topics_of(reactions_of(one)) == {"tests.events"}
    with pytest.raises(ValueError, match="at least one"):
        reacts_to()


async def test_stop_ends_a_consumer_within_its_wait(world: Any, local: Any, tools: Any) -> None:
    consumer = world.consumer_of(local)
    await world.join(consumer)
    async with asyncio.timeout(2):
        await world.stop()
    assert not consumer.health.running
