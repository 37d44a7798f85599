"""`gwella clock`: the sandbox's clock of a data folder, set forward for every process (flows, section 4)."""

import json
import subprocess
import sys
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gwella.bench.suites import Suite, suite
from gwella.exits import CommandError, Exit
from gwella.suite.sandbox_clock import clock_file, moment_of, move_forward, shown
from gwella.suite.topology import read_topology
from service_kit.clock import WALES


def test_a_day_begins_at_eight_and_a_moment_is_taken_as_it_is() -> None:
    assert moment_of("2020-01-20") == datetime(2020, 1, 20, 8, tzinfo=WALES)
    assert moment_of("2020-07-20T14:30") == datetime(2020, 7, 20, 14, 30, tzinfo=WALES)
    assert moment_of("2020-07-20T14:30:00Z").utcoffset() is not None
    for impossible in ("2020-02-30", "tomorrow", "20200120T0800x", ""):
        with pytest.raises(CommandError) as refused:
            moment_of(impossible)
        assert refused.value.status is Exit.USAGE


def test_a_new_folder_begins_anywhere_and_then_goes_forward_only(tmp_path: Path) -> None:
    assert move_forward(tmp_path, moment_of("2020-01-20"))
    assert shown(tmp_path).date().isoformat() == "2020-01-20"
    assert not move_forward(tmp_path, moment_of("2020-01-06"))
    assert move_forward(tmp_path, moment_of("2020-02-24"))
    assert json.loads(clock_file(tmp_path).read_text())["offset_seconds"] < 0


def clock(running: Suite, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "gwella.main", "clock", *arguments]
    command += ["--data", str(running.folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def me(running: Suite, token: str) -> dict[str, Any]:
    asked = urllib.request.Request(
        f"{running.state['gateway']}/v1/me", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        said: dict[str, Any] = json.load(answer)["clock"]
        return said


@pytest.mark.journey
def test_the_running_suite_follows_and_tokens_do_not() -> None:
    """The same token is good before and after its clock was set forward by five weeks."""
    with suite("--clock", "2020-01-20") as running:
        assert read_topology().front.name in running.state["services"]
        token = running.token("authority-673")
        assert me(running, token) == {"today": "2020-01-20", "sandbox": True}
        assert clock(running)[1]["today"] == "2020-01-20"
        status, said = clock(running, "2020-02-24")
        assert (status, said["today"]) == (Exit.OK, "2020-02-24")
        assert me(running, token) == {"today": "2020-02-24", "sandbox": True}
        status, problem = clock(running, "2020-01-21")
        assert (status, problem["error"]) == (Exit.REFUSED, "refused")
        assert clock(running, "2020-02-24")[0] == Exit.OK, "the day that it shows is no step back"
        assert me(running, token)["today"] == "2020-02-24"
