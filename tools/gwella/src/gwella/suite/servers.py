"""Several HTTP servers in one event loop, on sockets that were taken before anything else started."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence

import uvicorn

from gwella.exits import CommandError, Exit
from gwella.suite.ports import require_free

STARTED_SECONDS = 30.0
DRAINED_SECONDS = 30.0


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
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


class LoopServer(uvicorn.Server):
    """A server that leaves signals alone: several in one loop would each end the process for the others."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture: the suite has one handler for all."""
        yield


class Serving:
    """Servers under way and the tasks that run them."""

    def __init__(self, servers: Sequence[LoopServer], tasks: Sequence[asyncio.Task[None]]) -> None:
        self.servers = servers
        self.tasks = tasks


async def started(pairs: Sequence[tuple[LoopServer, socket.socket]]) -> Serving:
    """Start servers on their sockets and return once all answer; raises `CommandError` when one does not start."""
    tasks = [asyncio.create_task(server.serve(sockets=[held])) for server, held in pairs]
    serving = Serving([server for server, _ in pairs], tasks)
    deadline = asyncio.get_running_loop().time() + STARTED_SECONDS
    while not all(server.started for server in serving.servers):
        ended = [task for task in tasks if task.done()]
        if ended or asyncio.get_running_loop().time() > deadline:
            await drained(serving)
            cause = ended[0].exception() if ended and not ended[0].cancelled() else None
            raise CommandError(
                Exit.SERVER_FAILED,
                f"a server did not start: {cause or 'see the log'}",
                hint="its log: logs/gwella.log",
            ) from cause
        await asyncio.sleep(0.005)
    return serving


async def drained(serving: Serving) -> None:
    """End servers: no new connection is taken, requests under way finish; one that never ends is cancelled."""
    for server in serving.servers:
        server.should_exit = True
    if serving.tasks:
        _, stuck = await asyncio.wait(serving.tasks, timeout=DRAINED_SECONDS)
        for task in stuck:
            task.cancel()
    await asyncio.gather(*serving.tasks, return_exceptions=True)
