"""`gwella bench events`: the event backbone beside its limits and its peers, all parts on the same two servers."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from gwella.bench import (
    events_consuming,
    events_end_to_end,
    events_peers,
    events_relaying,
    events_replaying,
    events_waiting,
)
from gwella.bench.events_servers import Servers, Sizes, servers
from gwella.bench.figures import Figure

Part = Callable[[Servers], Awaitable[list[Figure]]]

PARTS: Mapping[str, Part] = {
    "relaying": events_relaying.measure,
    "consuming": events_consuming.measure,
    "replaying": events_replaying.measure,
    "peers": events_peers.measure,
    "end to end": events_end_to_end.measure,
    "waiting": events_waiting.measure,
}
"""Each makes databases and topics of its own."""


async def _measured(folder: Path, parts: Sequence[str], sizes: Sizes) -> list[Figure]:
    async with servers(folder, sizes) as running:
        return [figure for name in parts for figure in await PARTS[name](running)]


def measure(parts: Sequence[str] = tuple(PARTS), sizes: Sizes | None = None) -> list[Figure]:
    """These parts in turn, on servers that are started and stopped here; by default all, at full size."""
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    with TemporaryDirectory(prefix="gwella-bench-") as folder:
        return uvloop.run(_measured(Path(folder), parts, sizes or Sizes()))
