"""The embedded PostgreSQL: rights of the three roles, restart, and what a `kill -9` leaves behind. [D-26]"""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from testkit.databases import DatabaseCommandError, ServiceDatabase, run_sql
from testkit.fixtures import FreshDatabase, MigratedDatabase, TestPostgres
from testkit.postgres import (
    PostgresError,
    PostgresInUseError,
    PostgresServer,
    running_postgres,
    start_postgres,
)
from testkit.processes import free_port, port_is_free


def alive(pid: int) -> bool:
    """A process that ended but was not collected (pid 1 of some containers collects nobody) is not alive."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))


@pytest.fixture
def server(data_folder: Path) -> Iterator[PostgresServer]:
    running = start_postgres(data_folder / "pg", throwaway=True)
    yield running
    running.stop()


async def test_api_and_worker_may_use_tables_but_make_none(fresh_database: FreshDatabase) -> None:
    """The owner's default privileges give rows and sequences to api and worker, nothing more."""
    database = fresh_database("rights")
    owner = await connect(database.owner_url)
    await owner.execute("create table note (id int generated always as identity, text text)")
    await owner.close()
    for url in (database.api_url, database.worker_url):
        connection = await connect(url)
        await connection.execute("insert into note (text) values ($1)", "llŷr")
        await connection.execute("update note set text = 'b'")
        assert await connection.fetchval("select count(*) from note") == 1
        await connection.execute("delete from note")
        for refused in ("create table more ()", "truncate note", "create schema more", "drop table note"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(refused)
        await connection.close()


async def test_no_service_reaches_another_services_database(fresh_database: FreshDatabase) -> None:
    first, second = fresh_database("first"), fresh_database("second")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect(first.owner_url.replace(first.name, second.name))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(first.api_url.replace("first_api:", "first_api:x"))


def test_creating_twice_changes_nothing_and_keeps_the_passwords(server: PostgresServer) -> None:
    once = server.create_service_database("registry")
    assert server.create_service_database("registry") == once
    kept = server.folder / "passwords.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_data_and_addresses_survive_a_restart(data_folder: Path) -> None:
    server = start_postgres(data_folder / "pg")
    database = server.create_service_database("registry")
    run_sql(database.owner_url, "create table kept as select 42 as answer")
    server.stop()
    server.stop()  # safe to repeat
    assert running_postgres(data_folder / "pg") is None
    again = start_postgres(data_folder / "pg")
    try:
        second = again.create_service_database("registry")
        connection = await connect(second.owner_url)
        assert await connection.fetchval("select answer from kept") == 42
        assert await connection.fetchval("show fsync") == "on"
        assert await connection.fetchval("show max_connections") == "200"
        assert (await connection.fetchval("show server_version")).startswith("18.")
        await connection.close()
    finally:
        again.stop()


KILLED = """
import os, signal, sys, time
from pathlib import Path
from testkit.postgres import start_postgres
import testkit.postgres, threading
if {in_thread}:  # the kernel's parent-death signal is not armed outside the main thread: a true left-over
    box = []
    thread = threading.Thread(target=lambda: box.append(start_postgres(Path(sys.argv[1]))))
    thread.start(); thread.join(); server = box[0]
else:
    server = start_postgres(Path(sys.argv[1]))
print(server.pid, flush=True)
time.sleep(60)
"""


def start_and_kill(folder: Path, *, in_thread: bool) -> int:
    """Start a server in another process, kill that process, and give the pid of the server."""
    program = KILLED.format(in_thread=in_thread)
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        with pytest.raises(PostgresInUseError) as in_use:
            start_postgres(folder)
        assert in_use.value.owner_pid == child.pid
        child.send_signal(signal.SIGKILL)
    return pid


def test_after_kill_9_a_left_over_server_is_stopped_and_the_folder_used_again(data_folder: Path) -> None:
    pid = start_and_kill(data_folder / "pg", in_thread=True)
    assert alive(pid), "without the kernel's help the server outlives its starter"
    server = start_postgres(data_folder / "pg")
    try:
        assert server.pid != pid
        assert not alive(pid)
        assert run_sql(server.superuser_url, "select 1").strip() == "1"
    finally:
        server.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux only")
def test_kill_9_of_the_starter_ends_the_server(data_folder: Path) -> None:
    pid = start_and_kill(data_folder / "pg", in_thread=False)
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_a_stale_pid_file_that_names_another_program_is_no_obstacle(data_folder: Path) -> None:
    start_postgres(data_folder / "pg", throwaway=True).stop()
    stale = data_folder / "pg" / "cluster" / "postmaster.pid"
    # Pid 1 always lives and is never PostgreSQL of this folder: what a reboot can leave behind.
    stale.write_text("1\n/nowhere\n0\n5432\n\n127.0.0.1\n0 0\nready\n")
    server = start_postgres(data_folder / "pg", throwaway=True)
    server.stop()


def test_a_port_in_use_is_named(data_folder: Path, server: PostgresServer) -> None:
    assert not port_is_free(server.port)
    with pytest.raises(PostgresError, match=f"port {server.port} is in use"):
        start_postgres(data_folder / "other", port=server.port, throwaway=True)
    given = free_port()
    other = start_postgres(data_folder / "other", port=given, throwaway=True)
    assert other.port == given
    other.stop()


def migrate_sample(database: ServiceDatabase) -> None:
    run_sql(database.owner_url, "create table sample (id int)")


def test_a_migrated_template_is_made_once_and_its_copies_are_apart(
    postgres: TestPostgres, migrated_database: MigratedDatabase
) -> None:
    first = migrated_database("sample", migrate_sample)
    second = migrated_database("sample", migrate_sample)
    run_sql(first.api_url, "insert into sample values (1)")
    assert run_sql(second.worker_url, "select count(*) from sample").strip() == "0"
    assert len([key for key in postgres.templates if key.startswith("sample:")]) == 1


def test_sql_errors_are_raised_with_the_servers_words(postgres: TestPostgres) -> None:
    with pytest.raises(DatabaseCommandError, match="does not exist"):
        run_sql(postgres.superuser_url, "select * from nowhere")
    with pytest.raises(ValueError, match="line break"):
        run_sql(postgres.superuser_url, "select :'x'", x="a\nb")
    assert run_sql(postgres.superuser_url, "select :'x'", x="it's \\ fine").strip() == "it's \\ fine"
