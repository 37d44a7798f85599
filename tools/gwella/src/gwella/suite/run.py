"""Start the suite, keep it running until it is told to stop, and stop everything that was started, in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gwella.exits import Exit
from gwella.suite.instance import Instance, claim
from gwella.suite.ports import require_free
from gwella.suite.progress import Progress
from gwella.suite.sandbox_clock import clock_file, move_forward, shown
from gwella.suite.servers import bind
from gwella.suite.stopping import Stopping, interruptible
from gwella.suite.topology import Topology, read_topology
from gwella.suite.wiring import Wiring

AfterReady = Callable[[dict[str, Any]], Exit | None]


@dataclass(frozen=True)
class Options:
    """What `gwella up` was asked for."""

    data: Path = Path(".gwella")
    host: str = "127.0.0.1"
    port_offset: int = 0
    kafka: bool = False
    split: bool = False
    starts_at: datetime | None = None
    """Sandbox only: where the clock of the data folder is set to, unless it shows a later moment."""

    @property
    def mode(self) -> str:
        """`embedded`, `kafka` or `split`."""
        return "split" if self.split else "kafka" if self.kafka else "embedded"


@dataclass
class Run:
    """One run of the suite: what it was asked for and what it has taken."""

    options: Options
    topology: Topology
    instance: Instance
    progress: Progress
    sockets: dict[str, socket.socket]
    after_ready: AfterReady | None = None

    def state(self, wiring: Wiring) -> dict[str, Any]:
        """What `suite.json` and `--json` say: mode, data folder and addresses."""
        return {
            "mode": self.options.mode,
            "data": str(self.instance.folder),
            "gateway": wiring.url_of(self.topology.front.name),
            "issuer": wiring.issuer_url,
            "services": {plan.name: wiring.url_of(plan.name) for plan in self.topology.services},
        }

    def tell_ready(self, state: dict[str, Any]) -> None:
        """Publish where everything answers and tell whoever waits for it."""
        self.instance.publish(state)
        progress = self.progress
        progress.line(f"\n[bold green]Ready[/bold green] after {progress.elapsed:.1f} s ({state['mode']}).")
        for name, url in state["services"].items():
            progress.line(f"  {name:<12} {url}")
        progress.line(f"  {'issuer':<12} {state['issuer']}")
        progress.line(f"\n  The API's pages: {state['gateway']}/docs      Data: {state['data']}")
        if clock_file(self.instance.folder).exists():
            now = shown(self.instance.folder)
            progress.line(f"  The sandbox's clock shows {now:%Y-%m-%d %H:%M} (set it: gwella clock --help)")
        progress.line("  A token to call it with (in another terminal): gwella token --help")
        progress.line("  Ctrl-C stops everything.")
        progress.document({**state, "ready_seconds": round(progress.elapsed, 3), "seconds": progress.seconds})

    async def until_told(
        self, stopping: Stopping, state: dict[str, Any], ended: Coroutine[Any, Any, None]
    ) -> Exit:
        """Stay until a signal, until `after_ready` gives a status, or until `ended` raises what went wrong."""
        waiting: set[asyncio.Task[Any]] = {
            asyncio.create_task(stopping.told.wait()),
            asyncio.create_task(ended),
        }
        after = None
        if self.after_ready is not None:
            after = asyncio.create_task(asyncio.to_thread(self.after_ready, state))
            waiting.add(after)
        try:
            while True:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if after in done and after is not None:
                    status = after.result()
                    if status is not None:
                        return status
                    continue
                return Exit.OK
        finally:
            for task in waiting:
                task.cancel()


def run_suite(options: Options, progress: Progress, after_ready: AfterReady | None = None) -> Exit:
    """Run the suite until Ctrl-C or SIGTERM and stop everything it started.

    `after_ready(state)` is called in a thread of its own once everything answers (`state` is what `suite.json` says:
    mode, addresses, issuer); a status that it returns ends the suite with that status, None lets it run on.
    Returns `Exit.INTERRUPTED` when it was told to stop before it was ready. Raises `CommandError`.
    """
    topology = read_topology().shifted(options.port_offset)
    try:
        with interruptible(), claim(options.data) as instance:
            if instance.ended:
                progress.line(f"[yellow]![/yellow] ended what a killed run left: {', '.join(instance.ended)}")
            sockets = _sockets(options, topology)
            if options.starts_at is not None:
                move_forward(instance.folder, options.starts_at)
            run = Run(options, topology, instance, progress, sockets, after_ready)
            try:
                return _loop_runner()(_run(run))
            finally:
                for held in sockets.values():
                    held.close()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _sockets(options: Options, topology: Topology) -> dict[str, socket.socket]:
    """The ports that this very process listens on, taken now; those of its children only looked at."""
    if not options.kafka:
        return bind(list(topology.listeners(split=False)), options.host)
    require_free(topology.listeners(split=options.split), options.host)
    return bind([(topology.issuer_port, "issuer")], options.host)


async def _run(run: Run) -> Exit:
    stopping = Stopping()
    try:
        if run.options.kafka:
            from gwella.suite.processes import run_processes

            return await run_processes(run, stopping)
        from gwella.suite.embedded import run_embedded

        return await run_embedded(run, stopping)
    except asyncio.CancelledError:
        if stopping.interrupted:
            return Exit.INTERRUPTED
        raise


def _loop_runner() -> Callable[[Coroutine[Any, Any, Exit]], Exit]:
    """The faster event loop where it is installed (it comes with uvicorn[standard]; not on every platform)."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.run
    return asyncio.run
