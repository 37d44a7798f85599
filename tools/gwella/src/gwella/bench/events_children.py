"""Starting what is measured as a process of its own, and ending it."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import psutil

from gwella.bench.events_process import Task
from testkit.processes import ends_with_parent

STOP_SECONDS = 60.0


@asynccontextmanager
async def started(command: Sequence[str], task: Mapping[str, Any]) -> AsyncIterator[psutil.Process]:
    """A program that reads its task as JSON, says `ready` and works until SIGTERM; ended at the end of the block.

    Raises RuntimeError when it ends without that word; its error is above, where ours goes.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - from the main thread
    )
    try:
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the child has no streams")
        child.stdin.write(json.dumps(task))
        child.stdin.close()
        said = await asyncio.to_thread(child.stdout.readline)
        if said.strip() != "ready":
            raise RuntimeError(f"{' '.join(command)} did not start; see its error above")
        yield psutil.Process(child.pid)
    finally:
        await ended(child)


@asynccontextmanager
async def working(task: Task) -> AsyncIterator[psutil.Process]:
    """A relay or consumer of ours at work; ended in order at the end of the block, so its stamps are written."""
    async with started([sys.executable, "-m", "gwella.bench.events_process"], asdict(task)) as process:
        yield process


async def ended(child: subprocess.Popen[Any]) -> None:
    """Ends a child of ours in order; at once when it does not within a minute."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(child.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)
    if child.stdout is not None:
        child.stdout.close()


def cpu_seconds(process: psutil.Process) -> float:
    """What it has computed so far, in user and kernel mode."""
    times = process.cpu_times()
    return float(times.user + times.system)
