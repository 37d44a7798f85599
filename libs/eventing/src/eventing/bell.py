"""A bell: wakes everybody who listens at the moment it rings, and nobody who comes later."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Rung by a loop after it has moved something; many may listen for the next ring. One event loop."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Event] = set()

    def set(self) -> None:
        """Rings. Named as `asyncio.Event` names it, so that a loop can be given either."""
        for listener in self._listening:
            listener.set()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set by any ring within the block: listen first, look then, and no ring is missed."""
        rung = asyncio.Event()
        self._listening.add(rung)
        try:
            yield rung
        finally:
            self._listening.discard(rung)
