"""One suite per data folder, and nothing left over from a killed one.

The claim on a folder is an advisory lock of the kernel, so it ends with its holder however that ends. Children are
written down as they start; who claims the folder next ends those that a `kill -9` left running, each only
after checking that it still is the same process.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gwella.exits import CommandError, Exit
from testkit.kafka import stop_left_over as stop_left_over_kafka
from testkit.postgres import stop_left_over as stop_left_over_postgres
from testkit.processes import ProcessRecord


@dataclass
class Instance:
    """The claim on a data folder, held by this process."""

    folder: Path
    ended: list[str] = field(default_factory=list)
    """What an earlier, killed run had left behind and was ended now."""
    _children: list[ProcessRecord] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        """Where the processes of this suite log."""
        return self.folder / "logs"

    def remember(self, pid: int, what: str) -> None:
        """Write a child down, so that it is found again if we are killed."""
        self._children.append(ProcessRecord.of(pid, what))
        _write(self.folder / "children.json", [asdict(child) for child in self._children])

    def publish(self, state: dict[str, Any]) -> None:
        """Say where the running suite answers, for the other commands."""
        _write(self.folder / "suite.json", {"pid": os.getpid(), **state})

    def end_left_overs(self) -> None:
        """End what a killed run left behind: children first, then the servers they used."""
        for child in _read_children(self.folder / "children.json"):
            if child.end():
                self.ended.append(f"{child.what} (process {child.pid})")
        if stop_left_over_kafka(self.folder / "kafka"):
            self.ended.append("Kafka")
        if stop_left_over_postgres(self.folder / "postgres"):
            self.ended.append("PostgreSQL")
        for name in ("children.json", "suite.json"):
            (self.folder / name).unlink(missing_ok=True)


@contextmanager
def claim(folder: Path) -> Iterator[Instance]:
    """Claim a data folder for as long as the context lasts; makes it when missing.

    Raises `CommandError` (status 4) naming the process that holds it. Left-overs of a killed run are ended first.
    """
    folder = folder.expanduser().resolve()
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        (folder / "instance.lock").touch()
    except OSError as problem:
        raise CommandError(Exit.USAGE, f"cannot keep data in {folder}: {problem.strerror}") from problem
    with (folder / "instance.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise _already_running(folder, lock.read().strip()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        instance = Instance(folder)
        instance.end_left_overs()
        try:
            yield instance
        finally:
            for name in ("children.json", "suite.json"):
                (folder / name).unlink(missing_ok=True)
            lock.truncate(0)


def running_suite(folder: Path) -> dict[str, Any]:
    """What the suite running on a data folder published; raises `CommandError` (status 5) when none is ready."""
    folder = folder.expanduser().resolve()
    try:
        state: dict[str, Any] = json.loads((folder / "suite.json").read_text(encoding="utf-8"))
        with (folder / "instance.lock").open("a+", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return state
    except FileNotFoundError:
        pass
    raise CommandError(
        Exit.NOT_RUNNING,
        f"no suite is running on {folder}",
        hint="start it: gwella up (or name its folder: --data)",
    )


def _already_running(folder: Path, pid: str) -> CommandError:
    return CommandError(
        Exit.ALREADY_RUNNING,
        f"the suite already runs on {folder}, as process {pid or 'unknown'}",
        hint=f"stop it with Ctrl-C or: kill {pid}. For a second suite: --data OTHER --port-offset 1000",
        details={"pid": int(pid) if pid.isdigit() else None, "data": str(folder)},
    )


def _read_children(path: Path) -> list[ProcessRecord]:
    try:
        return [ProcessRecord(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (FileNotFoundError, json.JSONDecodeError):
        return []


def _write(path: Path, content: Any) -> None:
    half = path.with_name(f".{path.name}.new")
    half.write_text(json.dumps(content, indent=1), encoding="utf-8")
    half.replace(path)
