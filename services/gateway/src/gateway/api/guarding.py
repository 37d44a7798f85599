"""What ends a request that takes too long, or that nobody waits for any more."""

import asyncio
from typing import Final

from starlette.types import Receive

WATCH_AFTER: Final = 1.0
"""Seconds after which a request that is still open is watched for its client going away."""


class Guard:
    """Ends a request whose time is over or whose client has gone. Nothing but a timer is spent on a short one."""

    __slots__ = ("_deadline", "_receive", "_request", "_task", "_timer", "client_gone", "too_late")

    def __init__(self, deadline: float, receive: Receive | None) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = deadline
        self._receive = receive
        self._request = asyncio.current_task(loop)
        self._task: asyncio.Task[None] | None = None
        self.client_gone = False
        self.too_late = False
        self._timer = loop.call_later(min(WATCH_AFTER, deadline), self._begin)

    def stop(self) -> None:
        """Ends the watch."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def forgive(self) -> None:
        """Takes back the cancellation, which was ours and has done its work: an answer is still to be sent."""
        if self._request is not None:
            self._request.uncancel()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout(max(0.0, self._deadline - WATCH_AFTER)):
                await self._disconnect()
            self.client_gone = True
        except TimeoutError:
            self.too_late = True
        if self._request is not None:
            self._request.cancel()

    async def _disconnect(self) -> None:
        if self._receive is None:
            await asyncio.get_running_loop().create_future()
            return
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
