"""The demonstration as its users start it: embedded, and on a real Kafka with a process per role.

The story checks every figure and refusal itself (S0-01, S0-05..08, S0-19..24, S1-01, 03..05, 08, 20..34, S2-11, 28, 29,
54, 55, S4-16, D-06..09, 13..20, 23, 24, 26, C-07, C-10, C-11, C-17, E-01..05, O-03, O-19, X-01, X-03); here it is run
as a command, and its exit status and outcome are what counts.
"""

import json
import os
import subprocess
import sys
from tempfile import TemporaryDirectory

import pytest

from gwella.bench.suites import free_offset

CHECKS = 120
"""How many claims the story makes at least: a chapter that is no longer told must not go unnoticed."""


@pytest.mark.parametrize("options", [[], ["--split"]], ids=["embedded", "kafka, a process per role"])
def test_the_story_holds(options: list[str]) -> None:
    """Every figure and refusal comes as expected, and the command says so by its exit status."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GWELLA_")}
    # Not in pytest's own folder: a second session closes that to the account under which PostgreSQL runs.
    with TemporaryDirectory(prefix="gwella-story-") as folder:
        command = [sys.executable, "-m", "gwella.main", "demo", "--json", "--no-stay"]
        command += ["--data", f"{folder}/data", "--port-offset", str(free_offset()), *options]
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=560, env=environment, cwd=folder, check=False
        )
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    outcome = json.loads(told.stdout)
    assert outcome["failed"] == []
    assert outcome["checks"] >= CHECKS
