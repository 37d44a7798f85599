"""One suite per data folder, and nothing left over from a killed one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gwella.exits import CommandError, Exit
from gwella.suite.instance import claim, running_suite
from gwella.suite.ports import require_free
from gwella.suite.servers import bind
from service_kit.clock import SystemClock
from testkit.postgres import running_postgres, start_postgres
from testkit.processes import free_port

HOLDER = """
import sys, time
from pathlib import Path
from gwella.suite.instance import claim
with claim(Path(sys.argv[1])) as instance:
    import subprocess
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    instance.remember(child.pid, "a sleeper")
    instance.publish({"mode": "test"})
    print(child.pid, flush=True)
    time.sleep(60)
"""


def ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_second_claim_is_refused_and_names_the_holder_and_a_kill_frees_it(data_folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(data_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        sleeper = int(holder.stdout.readline())
        with pytest.raises(CommandError, match=f"as process {holder.pid}") as refused, claim(data_folder):
            pass
        assert refused.value.status is Exit.ALREADY_RUNNING
        assert refused.value.details["pid"] == holder.pid
        assert running_suite(data_folder) == {"pid": holder.pid, "mode": "test"}
        holder.kill()
    assert not ended(sleeper), "a child without the kernel's help outlives a killed parent"
    with pytest.raises(CommandError, match="no suite is running"):
        running_suite(data_folder)
    with claim(data_folder) as instance:
        assert instance.ended == [f"a sleeper (process {sleeper})"]
        assert ended(sleeper)


def test_a_recorded_pid_that_passed_to_another_process_is_left_alone(data_folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as innocent:
        record = {
            "pid": innocent.pid,
            "started": SystemClock().now().timestamp() - 3600,
            "what": "somebody long gone",
        }
        (data_folder / "children.json").write_text(json.dumps([record]))
        with claim(data_folder) as instance:
            assert instance.ended == []
        assert not ended(innocent.pid)
        innocent.kill()


def test_postgresql_of_a_killed_run_is_stopped(data_folder: Path) -> None:
    server = start_postgres(data_folder / "postgres", throwaway=True)
    with claim(data_folder) as instance:
        assert instance.ended == ["PostgreSQL"]
    assert running_postgres(data_folder / "postgres") is None
    server.stop()


def test_a_data_folder_that_cannot_be_is_an_error_of_the_command_line(data_folder: Path) -> None:
    (data_folder / "file").write_text("")
    with (
        pytest.raises(CommandError, match="cannot keep data in") as refused,
        claim(data_folder / "file" / "data"),
    ):
        pass
    assert refused.value.status is Exit.USAGE


def test_a_claim_ends_with_its_context(data_folder: Path) -> None:
    for _ in range(2):
        with claim(data_folder) as instance:
            instance.publish({})
    assert not (data_folder / "suite.json").exists()


def test_ports_in_use_are_all_named_with_who_wants_and_who_holds_them() -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        first, second = one.getsockname()[1], two.getsockname()[1]
        listeners = [(first, "registry"), (free, "issuer"), (second, "gateway")]
        for refuse in (lambda: require_free(listeners, "127.0.0.1"), lambda: bind(listeners, "127.0.0.1")):
            with pytest.raises(CommandError) as refused:
                refuse()
            assert refused.value.status is Exit.PORT_IN_USE
            assert f"port {first} (for registry) is in use by" in refused.value.message
            assert f"port {second} (for gateway)" in refused.value.message
            assert str(free) not in refused.value.message
            assert f"process {os.getpid()}" in refused.value.details["ports"][0]["held_by"]
    for held in bind(listeners, "127.0.0.1").values():
        held.close()


def test_an_address_that_is_not_ours_is_an_error_of_the_command_line() -> None:
    with pytest.raises(CommandError, match=r"cannot listen on 192\.0\.2\.1") as refused:
        bind([(free_port(), "issuer")], "192.0.2.1")
    assert refused.value.status is Exit.USAGE
