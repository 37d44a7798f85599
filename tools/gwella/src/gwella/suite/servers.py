"""Several HTTP servers in one event loop, on sockets that were taken before anything else started."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import uvicorn

from gwella.exits import CommandError, Exit
from gwella.suite.ports import require_free

AsgiApp = Callable[..., Awaitable[None]]


class LoopServer(uvicorn.Server):
    """A server that leaves signals alone: several in one loop would each end the process for the others."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture: the suite has one handler, which sets `should_exit` on all servers."""
        yield


def bind(listeners: Sequence[tuple[int, str]], host: str) -> dict[str, socket.socket]:
    """Take every port at once, or none: raises `CommandError` (status 3) naming those in use. By listener name."""
    taken: dict[str, socket.socket] = {}
    try:
        for port, name in listeners:
            taken[name] = _bound(port, host)
    except OSError as problem:
        for held in taken.values():
            held.close()
        if problem.errno != errno.EADDRINUSE:
            raise CommandError(Exit.USAGE, f"cannot listen on {host}: {problem.strerror}") from problem
        require_free(listeners, host)
        raise CommandError(Exit.PORT_IN_USE, str(problem)) from problem  # it was freed in this very moment
    return taken


def _bound(port: int, host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Listening at once holds the port; who connects before the suite is ready waits in the queue.
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def server(app: Any, *, drain_seconds: float = 10) -> LoopServer:
    """A server for one application, ready for `serving`. Logging is the service's own."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=int(drain_seconds),
    )
    return LoopServer(config)


async def started(servers: Iterable[tuple[LoopServer, socket.socket]]) -> list[asyncio.Task[None]]:
    """Start servers on their sockets and return once all answer; raises when the start of one fails."""
    pairs = list(servers)
    tasks = [asyncio.create_task(one.serve(sockets=[held])) for one, held in pairs]
    while not all(one.started for one, _ in pairs):
        await asyncio.sleep(0.005)
        for task in tasks:
            if task.done():
                for other in tasks:
                    other.cancel()
                task.result()
                raise CommandError(Exit.SERVER_FAILED, "a server ended while it started")
    return tasks
