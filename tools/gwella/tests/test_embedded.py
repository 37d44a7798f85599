"""The whole suite in one process, started as a person starts it: `gwella up`. [D-26]"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gwella.exits import Exit
from gwella.suite.topology import read_topology
from testkit.processes import free_port, port_is_free

pytestmark = pytest.mark.journey


def free_offset() -> int:
    """An offset at which every port of the project's topology is free."""
    while True:
        offset = free_port() % 40000 + 1000
        if all(port_is_free(port) for port, _ in read_topology().shifted(offset).listeners(split=True)):
            return offset


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "gwella.main", *arguments, "--data", str(folder), "--json"]


def first_document(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What `--json` says first; a suite that says nothing for two minutes is killed instead of waited for."""
    assert process.stdout is not None
    patience = threading.Timer(120, process.kill)
    patience.start()
    try:
        document: dict[str, Any] = json.loads(process.stdout.readline())
        return document
    finally:
        patience.cancel()


@contextlib.contextmanager
def up(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with subprocess.Popen(command(folder, "up", *arguments), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, first_document(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


def call(url: str, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


def token_of(folder: Path, *arguments: str) -> str:
    done = subprocess.run(command(folder, "token", *arguments), capture_output=True, text=True, check=True)
    token: str = json.loads(done.stdout)["access_token"]
    return token


def test_one_command_serves_every_service_and_survives_a_kill(data_folder: Path) -> None:
    """Issue 3: data survives a restart and a `kill -9`; run again it continues; Ctrl-C stops everything."""
    offset = str(free_offset())
    with up(data_folder, "--port-offset", offset) as (process, state):
        assert state["mode"] == "embedded"
        for url in state["services"].values():
            assert call(f"{url}/readyz")[0] == 200
        token = token_of(data_folder, "authority-673")
        status, me = call(f"{state['gateway']}/v1/me", token)
        assert status == 200, me
        assert call(f"{state['gateway']}/v1/me")[0] == 401
        postgres = psutil.Process(process.pid).children()
        assert [child.name() for child in postgres] == ["postgres"], "one process, and PostgreSQL beside it"
        process.kill()
        process.wait(10)

    with up(data_folder, "--port-offset", offset) as (process, state):
        # The issuer's key and the client's secret were kept: a token from before the kill is still good.
        assert call(f"{state['gateway']}/v1/me", token)[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == Exit.OK
    assert not psutil.pid_exists(postgres[0].pid) or postgres[0].status() == psutil.STATUS_ZOMBIE
    assert not (data_folder / "postgres" / "cluster" / "postmaster.pid").exists()


def test_a_port_in_use_is_named_and_nothing_is_started(data_folder: Path) -> None:
    offset = free_offset()
    taken = read_topology().shifted(offset).front.port
    with socket.create_server(("127.0.0.1", taken)):
        done = subprocess.run(
            command(data_folder, "up", "--port-offset", str(offset)),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == Exit.PORT_IN_USE
    assert json.loads(done.stdout)["ports"][0]["port"] == taken
    assert not (data_folder / "postgres").exists()


def test_migrate_alone_brings_the_databases_to_the_newest_version(data_folder: Path) -> None:
    done = subprocess.run(command(data_folder, "migrate"), capture_output=True, text=True, check=False)
    assert done.returncode == Exit.OK, done.stderr
    expected = sorted(plan.name for plan in read_topology().with_database)
    assert json.loads(done.stdout)["migrated"] == expected
    assert not (data_folder / "postgres" / "cluster" / "postmaster.pid").exists()
