"""Services as processes of their own: started, watched, and stopped in order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from gwella.exits import CommandError, Exit
from gwella.suite.instance import Instance
from testkit.processes import ends_with_parent, last_lines

READY_SECONDS = 60.0
STOP_SECONDS = 25.0


@dataclass(frozen=True)
class Child:
    """A process of a service. `health` is the URL that answers 200 once it is ready, None for one that ends."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    health: str | None = None


def start_child(
    instance: Instance, service: str, role: str, environment: dict[str, str], *, health: str | None = None
) -> Child:
    """Start `python -m <service> <role>`, logging to `logs/<service>-<role>.log` of the data folder.

    Must be called from the main thread: only then does the kernel end the child when we are killed.
    """
    name = f"{service}-{role}"
    log = instance.logs / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", service, role],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the terminal is ours to pass on, in order
            preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - only from the main thread
        )
    instance.remember(process.pid, name)
    return Child(name, process, log, health)


async def finished(children: Sequence[Child]) -> None:
    """Wait for children that end by themselves; raises `CommandError` when one did not end well."""
    while any(child.process.poll() is None for child in children):  # noqa: ASYNC110 - an end wakes nobody
        await asyncio.sleep(0.05)
    for child in children:
        if child.process.returncode != 0:
            raise failure(child)


async def ready(children: Sequence[Child], *, patience: float = READY_SECONDS) -> None:
    """Wait until every child's health address answers 200; raises `CommandError` when one ends or takes too long."""
    deadline = time.monotonic() + patience
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        for child in children:
            while not await _answers(client, child):
                if child.process.poll() is not None:
                    raise failure(child)
                if time.monotonic() > deadline:
                    raise CommandError(
                        Exit.SERVER_FAILED,
                        f"{child.name} was not ready after {patience:.0f} s",
                        hint=f"its log: {child.log}",
                    )
                await asyncio.sleep(0.1)


async def _answers(client: httpx.AsyncClient, child: Child) -> bool:
    if child.health is None:
        return True
    try:
        return (await client.get(child.health)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def first_to_end(children: Sequence[Child]) -> Child:
    """The first child that ends by itself; waits for as long as none does."""
    while True:
        for child in children:
            if child.process.poll() is not None:
                return child
        await asyncio.sleep(0.25)


def failure(child: Child) -> CommandError:
    """What to say of a child that ended."""
    return CommandError(
        Exit.SERVER_FAILED,
        f"{child.name} ended with status {child.process.returncode}; the end of its log:\n{last_lines(child.log)}",
        hint=f"the whole log: {child.log}",
        details={"service": child.name, "exit": child.process.returncode, "log": str(child.log)},
    )


def stop(children: Sequence[Child]) -> None:
    """Stop children together: SIGTERM lets them finish their requests and batches, SIGKILL after 25 s."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait(5)
