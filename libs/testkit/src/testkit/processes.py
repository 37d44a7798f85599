"""Child processes that must never outlive us by accident.

A process is remembered as its pid *and* its start time, because a pid alone may belong to somebody else by
the time it is read back. Whoever ends a remembered process first checks that it is still the same one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
# The start time comes from the kernel in clock ticks (10 ms); the base may shift by a little.
_SAME_START_SECONDS = 0.5


@dataclass(frozen=True)
class ProcessRecord:
    """What is written down of a process: enough to recognise it again. `started` is seconds since 1970."""

    pid: int
    started: float
    what: str

    @classmethod
    def of(cls, pid: int, what: str) -> ProcessRecord:
        """The record of a running process; raises `psutil.NoSuchProcess` when it has ended already."""
        return cls(pid=pid, started=psutil.Process(pid).create_time(), what=what)

    def process(self) -> psutil.Process | None:
        """The process itself, or None when it has ended or its pid has passed to another."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > _SAME_START_SECONDS:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.NoSuchProcess:
            return None

    def end(self, *, gentle: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> bool:
        """End the process if it is still the same: `gentle` first, SIGKILL after `patience` seconds.

        Returns whether there was anything to end.
        """
        process = self.process()
        if process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(gentle)
            try:
                process.wait(patience)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(5)
        return True


def write_record(path: Path, record: ProcessRecord) -> None:
    """Write a record so that a reader sees the old or the new one, never half of it."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_text(json.dumps(asdict(record)), encoding="utf-8")
    half.replace(path)


def read_record(path: Path) -> ProcessRecord | None:
    """Read a record back; None when there is none, or when the file is no record (it names nobody)."""
    try:
        return ProcessRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def ends_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that lets the kernel signal the child when we die, also by `kill -9`.

    Linux only, and only from the main thread (the kernel watches the *thread* that forked, not the process);
    elsewhere None: then the records above are what finds the left-over.
    """
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return arm


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago on `host`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on that port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def last_lines(path: Path, count: int = 15) -> str:
    """The end of a log file, for an error message."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def reap(child: subprocess.Popen[bytes] | None) -> None:
    """Collect the exit status of an ended child so that it does not stay as a zombie."""
    if child is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
