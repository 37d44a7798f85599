"""The suite as processes on a real Kafka, started as a person starts it: `gwella up --kafka`.

The services here are two small programs that behave as service images do (`python -m <name> <role>`, settings from
the environment, `/readyz`); everything else is real: PostgreSQL, Kafka, issuer, signals, pids.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from gwella.exits import Exit
from testkit.kafka import Kafka, KafkaServer
from testkit.processes import free_port, port_is_free

SERVICE = """
import asyncio, http.server, json, os, signal, sys
import asyncpg
name, role = {name!r}, sys.argv[1]
settings = {{key[7:].lower(): value for key, value in os.environ.items() if key.startswith("GWELLA_")}}

async def statement(url, sql):
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(sql)
    await connection.close()

if role == "migrate":
    asyncio.run(statement(settings["owner_database_url"], "create table if not exists started (role text)"))
    sys.exit()
for kind in ("database_url", "worker_database_url"):
    if kind in settings:
        asyncio.run(statement(settings[kind], f"insert into started values ('{{role}}')"))
if os.path.exists(os.environ["BREAK_FILE"]) and open(os.environ["BREAK_FILE"]).read() == f"{{name}} {{role}}":
    sys.exit(f"{{name}} breaks on purpose")

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/readyz", "/settings") else 404)
        self.end_headers()
        self.wfile.write(json.dumps({{"role": role, **settings}}).encode())
    def log_message(self, *_): pass

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
http.server.HTTPServer((settings["host"], int(settings["port"])), Answer).serve_forever()
"""


def free_base() -> int:
    """A port that is free together with those that the roles of a service take above it."""
    while True:
        base = free_port()
        if base < 60000 and all(port_is_free(base + step) for step in (0, 1, 100, 101, 200, 201)):
            return base


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


@dataclass
class Suite:
    """A scratch folder with its two services and topology, and the command that runs them."""

    folder: Path
    port: int = field(default_factory=free_base)
    issuer: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("probefront", "probeback"):
            package = self.folder / "services" / name
            package.mkdir(parents=True)
            (package / "__main__.py").write_text(SERVICE.format(name=name))
        (self.folder / "topology.toml").write_text(
            f"[issuer]\nport = {self.issuer}\n"
            f'[services.probefront]\nport = {self.port}\ndatabase = false\nroles = ["api"]\n'
            'upstreams = ["probeback"]\n'
            f"[services.probeback]\nport = {self.port + 1}\ndatabase = true\n"
            'roles = ["api", "relay", "consumer"]\npublishes = "probeback.events"\n'
        )
        self.environment = {
            **os.environ,
            **self.environment,
            "GWELLA_TOPOLOGY": str(self.folder / "topology.toml"),
            "PYTHONPATH": str(self.folder / "services"),
            "BREAK_FILE": str(self.folder / "break"),
        }

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gwella.main", *arguments, "--data", str(self.data), "--json"]

    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    @contextlib.contextmanager
    def up(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
        command = self.command("up", "--kafka", *arguments)
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process, first_document(process)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)


def get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def suite(data_folder: Path, real_kafka: Kafka) -> Suite:
    """A suite that uses the session's broker, so that each start takes less than a second of Kafka."""
    return Suite(data_folder, environment={"KAFKA_BOOTSTRAP_SERVERS": real_kafka.bootstrap_servers})


def test_up_says_where_everything_answers_and_ctrl_c_stops_it_all(suite: Suite, real_kafka: Kafka) -> None:
    with suite.up() as (process, state):
        assert state["mode"] == "kafka"
        assert state["gateway"] == f"http://127.0.0.1:{suite.port}"
        front = get(state["services"]["probefront"] + "/settings")
        assert json.loads(front["upstreams"]) == {"probeback": state["services"]["probeback"]}
        assert "database_url" not in front
        back = get(state["services"]["probeback"] + "/settings")
        assert back["kafka_bootstrap_servers"] == real_kafka.bootstrap_servers
        assert back["issuer_url"] == get(state["issuer"] + "/.well-known/openid-configuration")["issuer"]
        assert "owner_database_url" not in back

        status, token = suite.run("token", "authority-673")
        assert (status, token["token_type"]) == (Exit.OK, "Bearer")
        status, token = suite.run("token", "--person", "adviser")
        assert (status, token["expires_in"] > 0) == (Exit.OK, True)
        status, token = suite.run(
            "token", "welsh-government"
        )  # signs an assertion instead of sending a secret
        assert (status, token["token_type"]) == (Exit.OK, "Bearer")
        status, refused = suite.run("token", "front-end")
        assert (status, refused["error"]) == (Exit.REFUSED, "refused")

        status, again = suite.run("up", "--kafka")
        assert (status, again["pid"]) == (Exit.ALREADY_RUNNING, process.pid)

        process.send_signal(signal.SIGINT)
        assert process.wait(60) == Exit.OK
    assert all(gone(pid) for pid in state["processes"].values())
    assert not (suite.data / "suite.json").exists()
    assert not (suite.data / "postgres" / "cluster" / "postmaster.pid").exists()
    assert suite.run("token", "operator")[0] == Exit.NOT_RUNNING


def test_split_runs_one_process_per_role_with_its_own_port(suite: Suite) -> None:
    with suite.up("--split") as (_, state):
        assert set(state["processes"]) == {
            "probefront-api", "probeback-api", "probeback-relay", "probeback-consumer",
        }  # fmt: skip
        relay = get(f"http://127.0.0.1:{suite.port + 1 + 100}/settings")
        assert relay["role"] == "relay"
        assert "database_url" not in relay


def test_a_service_that_ends_by_itself_stops_the_suite_and_its_last_words_are_shown(suite: Suite) -> None:
    (suite.folder / "break").write_text("probeback all")
    status, problem = suite.run("up", "--kafka")
    assert (status, problem["service"]) == (Exit.SERVER_FAILED, "probeback-all")
    assert "probeback breaks on purpose" in problem["message"]
    assert port_is_free(suite.port), "the other service was stopped as well"
    (suite.folder / "break").unlink()

    with suite.up() as (process, state):
        psutil.Process(state["processes"]["probeback-all"]).kill()
        assert process.wait(60) == Exit.SERVER_FAILED
    assert all(gone(pid) for pid in state["processes"].values())


def test_a_port_in_use_is_named_before_anything_starts(suite: Suite) -> None:
    with socket.create_server(("127.0.0.1", suite.port + 1)):
        status, problem = suite.run("up", "--kafka")
    assert status == Exit.PORT_IN_USE
    assert [(entry["port"], entry["service"]) for entry in problem["ports"]] == [
        (suite.port + 1, "probeback")
    ]
    assert not (suite.data / "postgres").exists()


def test_told_to_stop_while_it_starts_it_stops_what_it_had_started(suite: Suite) -> None:
    command = suite.command("up", "--kafka")
    with subprocess.Popen(command, env=suite.environment, stdout=subprocess.PIPE, text=True) as process:
        while not (suite.data / "postgres" / "owner.json").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == Exit.INTERRUPTED
    assert not (suite.data / "postgres" / "cluster" / "postmaster.pid").exists()


def test_after_kill_9_the_next_start_continues_with_the_same_data(
    data_folder: Path, restartable_kafka: KafkaServer
) -> None:
    """With a Kafka of its own. `restartable_kafka` is named so that this skips where no real broker can be had."""
    suite = Suite(data_folder)
    suite.environment.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    with suite.up() as (process, first):
        process.kill()
        process.wait(10)
    with suite.up() as (_, second):
        assert second["kafka"] == first["kafka"], "the broker keeps its address"
        assert all(gone(pid) for pid in first["processes"].values())
        assert psutil.pid_exists(restartable_kafka.pid), "the broker of another folder is left alone"
        status, token = suite.run("token", "operator")
        assert (status, bool(token["access_token"])) == (Exit.OK, True)
