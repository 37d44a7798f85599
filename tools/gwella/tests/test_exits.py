"""Exit statuses are documented where people look, and errors are readable by scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from gwella.exits import CommandError, Exit
from gwella.main import app


def test_help_names_every_status_and_where_to_begin() -> None:
    text = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    for status in Exit:
        assert f"{status.value}: {status.meaning.split(' (')[0].split(',')[0]}" in text
    assert "gwella up" in text


def test_every_command_explains_itself() -> None:
    for command in app.registered_commands:
        result = CliRunner().invoke(app, [str(command.name), "--help"])
        assert result.exit_code == 0
        assert len(result.output.split()) > 30


def test_an_error_for_scripts_is_one_json_document_with_the_status(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gwella.main", "token", "operator", "--data", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.NOT_RUNNING
    document = json.loads(done.stdout)
    assert (document["error"], document["status"]) == ("not_running", 5)
    assert "gwella up" in document["hint"]


def test_an_error_for_people_goes_to_standard_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gwella.main", "token", "operator", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (Exit.NOT_RUNNING, "")
    assert "no suite is running" in done.stderr


def test_details_join_the_document() -> None:
    problem = CommandError(Exit.PORT_IN_USE, "port 1 is in use", details={"ports": [1]})
    assert problem.as_json()["ports"] == [1]


def test_an_unknown_client_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gwella.main", "token", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "operator" in json.loads(done.stdout)["clients"]
