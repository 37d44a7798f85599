"""The suite in one process: every service on its own port in one event loop, joined by the local transport."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import uvicorn

from gwella.exits import CommandError, Exit
from gwella.suite.parts import issuer_server, load_service, migrate_all, start_databases
from gwella.suite.run import Run
from gwella.suite.sandbox_clock import clock_file
from gwella.suite.secret_store import suite_secrets
from gwella.suite.servers import LoopServer, drained, started
from gwella.suite.stopping import Stopping
from gwella.suite.topology import ServicePlan
from gwella.suite.wiring import Wiring

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from eventing.transports.local import LocalTransport
    from service_kit.process import Runtime

READY_SECONDS = 30.0
ROLES = ("relay", "consumer")


async def run_embedded(run: Run, stopping: Stopping) -> Exit:
    """Start everything in this process; stay; stop in the reverse order."""
    # Next to nothing of what a start makes is garbage; looking for it takes a fifth of the time. See `settle`.
    gc.disable()
    async with AsyncExitStack() as stack:
        # Importing the services takes longer than starting PostgreSQL, which is mostly another process's work.
        # Handed to the thread at once: a task would begin when this function first waits, which is afterwards.
        loading = asyncio.get_running_loop().run_in_executor(None, _load, run)
        with run.progress.step("PostgreSQL 18") as step:
            postgres, databases = start_databases(run.instance, run.topology)
            stack.callback(postgres.stop)
            step.note = f"127.0.0.1:{postgres.port}, {len(databases)} databases"
        with run.progress.step("loading") as step:
            await loading
            step.note = f"{len(run.topology.services)} services"
        with run.progress.step("migrations") as step:
            await migrate_all(run.topology, databases)
            step.note = ", ".join(databases)
        wiring = Wiring(
            run.topology, run.options.host, suite_secrets(run.instance.folder), databases,
            clock=clock_file(run.instance.folder),
        )  # fmt: skip
        with run.progress.step("services") as step:
            await _start(run, wiring, stack)
            step.note = "one process, local transport"
        state = run.state(wiring)
        stopping.ready()
        run.tell_ready(state)
        outcome = await run.until_told(stopping, state, _never())
        run.progress.line("\nStopping ...")
        return outcome


def _load(run: Run) -> None:
    """Import all that is needed, in a thread, while PostgreSQL starts."""
    import testkit.issuer  # noqa: F401

    for plan in run.topology.services:
        load_service(plan.name)


async def _start(run: Run, wiring: Wiring, stack: AsyncExitStack) -> None:
    from eventing.transports.local import LocalTransport
    from service_kit.app import create_app
    from service_kit.logging import configure_logging
    from service_kit.process import server_options, settle
    from service_kit.settings import Settings
    from service_kit.telemetry import configure_telemetry, instrument_app

    log = stack.enter_context((run.instance.logs / "gwella.log").open("ab", buffering=0))
    # What the operator's environment says of logs and telemetry holds for the whole process.
    shared = Settings()
    configure_logging(service="gwella", level=shared.log_level, to=log)
    configure_telemetry(service="gwella", ratio=shared.trace_ratio, endpoint=shared.telemetry_endpoint)
    issuer = issuer_server(wiring.issuer_url, run.instance.folder)
    stack.push_async_callback(drained, await started([(issuer, run.sockets["issuer"])]))

    transport = LocalTransport(_expected(run.topology.services))
    stack.push_async_callback(transport.close)
    # Who listens starts before who publishes, and stops after it: nothing is published to nobody.
    parts = []
    for plan in sorted(run.topology.services, key=lambda plan: not plan.hears):
        runtime = _runtime(plan, wiring, transport)
        try:
            await runtime.start(ROLES)
            stack.push_async_callback(runtime.stop)
            app = create_app(runtime.service, runtime.settings, clock=runtime.clock, runtime=runtime)
            instrument_app(app)
            parts.append((plan, app))
        except (ValueError, RuntimeError) as problem:
            raise CommandError(Exit.SERVER_FAILED, f"{plan.name} cannot start: {problem}") from problem
    servers = [
        (
            LoopServer(uvicorn.Config(app, **server_options(app.state.serving.settings))),
            run.sockets[plan.name],
        )
        for plan, app in parts
    ]
    stack.push_async_callback(drained, await started(servers))
    for plan, app in parts:
        await _ready(plan.name, app)
    settle()


def _runtime(plan: ServicePlan, wiring: Wiring, transport: LocalTransport) -> Runtime:
    from service_kit.process import Runtime
    from service_kit.settings import Settings

    settings = Settings(**wiring.values(plan, "all"))
    return Runtime(load_service(plan.name), settings, transport, settings.clock(), woken=True)


def _expected(plans: Sequence[ServicePlan]) -> dict[str, frozenset[str]]:
    """For each topic, the consumers without which nothing may be published."""
    topics = {topic for plan in plans for topic in plan.hears}
    return {topic: frozenset(plan.name for plan in plans if topic in plan.hears) for topic in topics}


async def _ready(name: str, app: Starlette) -> None:
    """Wait until a service calls itself ready; raises `CommandError` naming what it waits for."""
    deadline = time.monotonic() + READY_SECONDS
    while missing := [what for what, held in (await app.state.health.ready()).items() if not held]:
        if time.monotonic() > deadline:
            raise CommandError(
                Exit.SERVER_FAILED,
                f"{name} did not become ready: {', '.join(missing)}",
                hint="its log: logs/gwella.log",
            )
        await asyncio.sleep(0.02)


async def _never() -> None:
    await asyncio.Event().wait()
