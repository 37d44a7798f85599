"""Follows a how-to page to the letter in a copy of the workspace.

A page gives its steps in four sentences, each before a block of text, and in blocks of commands (`sh`):

    New file `path`:                               the block is the file
    In `path`, below `line`, add:                  the block follows that line, which is there exactly once
    In `path`, instead of `line`, write:           the block replaces it
    At the end of `path`, add:                     the block ends the file
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", ".tools", ".gwella", "__pycache__", ".ruff_cache", ".hypothesis", ".pytest_cache"
)
_STEP: Final = re.compile(
    r"(?:^(?P<new>New file `(?P<new_path>[^`]+)`:)"
    r"|^In `(?P<in_path>[^`]+)`, (?P<how>below|instead of) `(?P<anchor>[^`\n]+)`, (?:add|write):"
    r"|^At the end of `(?P<end_path>[^`]+)`, add:)?"
    r"\n*^```(?P<language>\w+)\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

Kind = Literal["new", "below", "instead of", "end", "run"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a file to write or to edit, or commands to run."""

    kind: Kind
    block: str
    path: str = ""
    anchor: str = ""


class StepError(AssertionError):
    """A step could not be followed as it is written."""


def steps_of(page: str) -> Iterator[Step]:
    """The steps of a page in order. Raises StepError for a block that no sentence introduces."""
    for found in _STEP.finditer(page):
        if found["new_path"]:
            yield Step("new", found["block"], found["new_path"])
        elif found["in_path"]:
            kind: Kind = "below" if found["how"] == "below" else "instead of"
            yield Step(kind, found["block"], found["in_path"], found["anchor"])
        elif found["end_path"]:
            yield Step("end", found["block"], found["end_path"])
        elif found["language"] == "sh":
            yield Step("run", found["block"])
        else:
            raise StepError(f"what is to be done with this block?\n{found['block']}")


def copy_of_workspace(root: Path, to: Path) -> dict[str, str]:
    """Copies the workspace without what was made in it; gives the environment in which the copy's code runs.

    The copy borrows the installed packages of `root`; its own code comes first on every search path.
    """
    shutil.copytree(root, to, ignore=_LEFT_OUT, symlinks=True)
    (to / ".venv").symlink_to(root / ".venv")
    return environment_of(to)


def environment_of(workspace: Path) -> dict[str, str]:
    """The environment in which the code of this folder is found before any that is installed."""
    sources = ":".join(str(path) for path in sorted(workspace.glob("*/*/src")))
    dropped = ("GWELLA_", "PYTEST_")
    # `CI` asks for programs beside the workspace that a copy does not have; the whole one is asked for them itself.
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(dropped) and name != "CI"
    }
    return kept | {"PYTHONPATH": sources, "MYPYPATH": sources, "PYTHONDONTWRITEBYTECODE": "1"}


def follow(step: Step, workspace: Path, environment: Mapping[str, str]) -> str:
    """Does one step; gives what its commands printed. Raises StepError when it cannot be done, or a command fails."""
    if step.kind == "run":
        return "".join(_run(line, workspace, environment) for line in step.block.splitlines() if line.strip())
    path = workspace / step.path
    if step.kind == "new":
        if path.exists():
            raise StepError(f"{step.path} is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.block, "utf-8")
        return ""
    text = path.read_text("utf-8")
    if step.kind == "end":
        path.write_text(text.rstrip("\n") + "\n" + step.block, "utf-8")
        return ""
    lines = text.splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.rstrip("\n") == step.anchor]
    if len(places) != 1:
        raise StepError(f"{step.path} has {len(places)} lines {step.anchor!r}")
    kept = lines[: places[0] + 1] if step.kind == "below" else lines[: places[0]]
    path.write_text("".join([*kept, step.block, *lines[places[0] + 1 :]]), "utf-8")
    return ""


def _run(command: str, workspace: Path, environment: Mapping[str, str]) -> str:
    shell = ["/bin/sh", "-c", command]
    done = subprocess.run(
        shell, cwd=workspace, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StepError(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout
