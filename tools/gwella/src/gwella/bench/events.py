"""`gwella bench events`: the event backbone beside its limit and its peers, part by part."""

from collections.abc import Callable, Mapping

from gwella.bench import relay
from gwella.bench.figures import Figure

PARTS: Mapping[str, Callable[[], list[Figure]]] = {
    "relay": relay.measure,
}
"""Each part starts and stops servers of its own."""


def measure() -> list[Figure]:
    """Every part in turn."""
    return [figure for part in PARTS.values() for figure in part()]
