"""The parts of `gwella bench events` run, on real servers, with sizes that mean nothing; its peers are left out."""

import asyncio

import pytest

from gwella.bench import events, events_peers
from gwella.bench.events_fetching import PeerNotFetchedError
from gwella.bench.events_pacing import behind_rate, latencies
from gwella.bench.events_relays import Measured
from gwella.bench.events_servers import Sizes
from gwella.bench.figures import Figure
from gwella.commands.bench import NAMED_ONLY, Area

TINY = Sizes(rows=800, turns=1, seconds=1, rates=(100,), relay_rows=800, relay_rates=(100,), waiting=1_500)


def test_every_part_that_needs_no_peer_gives_its_figures() -> None:
    """E-01..E-03: what is measured arrives whole, or the part does not end; each figure is a number above zero."""
    parts = [name for name in events.PARTS if name != "peers"]
    figures = events.measure(parts, TINY)
    assert all(figure.value is not None and figure.value > 0 for figure in figures)
    named = {(figure.area, figure.name) for figure in figures if figure.expected is not None}
    assert {
        ("events: relay", "shipper to Kafka"),
        ("events: consumer", "projection of schools"),
        ("events: replay", "schools rebuilt, a batch at a time"),
        ("events: waiting", "relay with 1,500 in its outbox, most"),
    } <= named
    assert {figure.name.rsplit(", ", 1)[1] for figure in figures if figure.area == "events: end to end"} == {
        "p50",
        "p99",
        "p99.9",
    }


def test_a_peer_that_cannot_be_fetched_is_named_with_the_reason() -> None:
    """Without a peer nothing is said to be faster than it: the figure has no value and neither passes nor fails."""
    own = Measured("ours", 1000.0, [2000.0, 3000.0], 20.0, 100.0, {100: (1.0, 2.0, 3.0)}, {100: ""})

    async def refused() -> Measured:
        raise PeerNotFetchedError("uv is not installed here")

    figures = asyncio.run(events_peers.peers_beside(own, {"Debezium Server": refused}))
    assert [(figure.name, figure.note, figure.met) for figure in figures] == [
        ("beside Debezium Server", "uv is not installed here", None)
    ]


def test_debezium_is_held_to_half_our_rate_and_our_p99() -> None:
    """Ours must be twice as fast when warm and no later at p99; a figure over its bound is a miss."""
    own = Measured("ours", 1.0, [20_000.0], 20.0, 100.0, {200: (20.0, 60.0, 80.0)}, {200: ""})
    peer = Measured("Debezium Server", 1.0, [10_500.0], 200.0, 400.0, {200: (20.0, 55.0, 70.0)}, {200: ""})
    verdicts = {
        figure.name: figure.met for figure in events_peers.beside(own, peer) if figure.met is not None
    }
    assert verdicts == {"our relay, warm": False, "our relay, commit to topic at 200/s, p99": False}


def test_latency_is_counted_from_commit_to_arrival_behind_the_warm_up() -> None:
    """The first tenth does not count; what never arrived is an error, not a fast event."""
    committed = {str(n): float(n) for n in range(20)}
    arrived = {i: at + 0.010 for i, at in committed.items()}
    assert latencies(committed, arrived) == pytest.approx([10.0] * 18)
    assert behind_rate(committed, 1) == ""
    assert behind_rate(committed, 2) == "the writer reached 1/s only"
    del arrived["19"]
    with pytest.raises(KeyError):
        latencies(committed, arrived)


def test_a_plain_bench_runs_no_long_area() -> None:
    """What downloads peers and takes many minutes is measured when it is named."""
    assert Area.events in NAMED_ONLY
    assert Figure("a", "b", None, "x", expected=1.0).met is None
