"""A Dockerfile as data, and its build stages carried out without Docker by the same commands.

Understood is what our file uses: FROM, ARG, ENV, WORKDIR, COPY, RUN and instructions that only describe the image.
Carrying out puts every absolute path of WORKDIR, ENV and COPY below a folder; RUN commands must name none.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_ABSOLUTE: Final = re.compile(r"(?:^|[\s='\"])(/[\w.-]+)")
_SYSTEM_PATHS: Final = frozenset({"/usr/local/bin", "/usr/bin", "/bin"})


class DockerfileError(ValueError):
    """A file that cannot be read, or an instruction that cannot be carried out."""


@dataclass(frozen=True)
class Instruction:
    """`keyword` in capitals, the rest of the line with continuations joined."""

    keyword: str
    argument: str


@dataclass
class Stage:
    """From one FROM to the next. `name` is empty where it has none."""

    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        """The arguments of every instruction of that name, in order."""
        return [one.argument for one in self.instructions if one.keyword == keyword]


def read_stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile. Raises DockerfileError for an instruction before the first FROM."""
    stages: list[Stage] = []
    lines = "\n".join(
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    )
    for line in lines.replace("\\\n", " ").splitlines():
        keyword, _, argument = line.strip().partition(" ")
        argument = " ".join(argument.split())
        if keyword.upper() == "FROM":
            image, _, name = argument.partition(" AS ")
            stages.append(Stage(image, name))
        elif not stages:
            raise DockerfileError(f"{keyword} before the first FROM")
        else:
            stages[-1].instructions.append(Instruction(keyword.upper(), argument))
    return stages


def variables(argument: str) -> dict[str, str]:
    """What an ENV instruction sets."""
    return dict(part.split("=", 1) for part in shlex.split(argument))


@dataclass
class CarryingOut:
    """Carries out stages: `root` stands for the root of the image, `context` is what COPY copies from."""

    root: Path
    context: Path
    environment: dict[str, str]
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.root
        shims = self.root / "shims"
        shims.mkdir(parents=True)
        # The base image's Python, as the base image calls it.
        (shims / "python").symlink_to(getattr(sys, "_base_executable", sys.executable))
        self.environment["PATH"] = f"{shims}:{self.environment['PATH']}"

    def carry_out(self, stage: Stage) -> None:
        """Does every instruction. Raises DockerfileError where one fails or is not understood."""
        for one in stage.instructions:
            if one.keyword == "WORKDIR":
                self.folder = self.inside(one.argument)
                self.folder.mkdir(parents=True, exist_ok=True)
            elif one.keyword == "ENV":
                self.environment |= {
                    name: self._moved(value) for name, value in variables(one.argument).items()
                }
            elif one.keyword == "COPY":
                self._copy(one.argument)
            elif one.keyword == "RUN":
                self._run(one.argument)
            elif one.keyword not in {
                "ARG",
                "LABEL",
                "USER",
                "STOPSIGNAL",
                "EXPOSE",
                "HEALTHCHECK",
                "ENTRYPOINT",
                "CMD",
            }:
                raise DockerfileError(f"{one.keyword} is not understood")

    def inside(self, path: str) -> Path:
        """A path of the image below the folder."""
        return self.root / path.lstrip("/") if path.startswith("/") else self.folder / path

    def _moved(self, value: str) -> str:
        moved = [
            part if part in _SYSTEM_PATHS or not part.startswith("/") else str(self.inside(part))
            for part in value.split(":")
        ]
        return ":".join(moved)

    def _copy(self, argument: str) -> None:
        words = shlex.split(argument)
        words = [word for word in words if not word.startswith("--chown=")]
        if words[0].startswith("--from="):
            # Another stage was carried out in the same folder: what it made is there already.
            _, made, to = words
            if (self.inside(made) / "pyvenv.cfg").exists() and made != to:
                raise DockerfileError("an environment cannot move: it is copied to where it was made")
            if made != to:
                shutil.copytree(self.inside(made), self.inside(to), dirs_exist_ok=True)
            return
        *sources, to = words
        for source in sources:
            whence, where = self.context / source, self.inside(to) / source if to == "./" else self.inside(to)
            if whence.is_dir():
                ignored = shutil.ignore_patterns(*_ignored(self.context))
                shutil.copytree(whence, where, ignore=ignored, dirs_exist_ok=True)
            else:
                where.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(whence, where)

    def _run(self, command: str) -> None:
        if absolute := _ABSOLUTE.search(command):
            raise DockerfileError(f"RUN names {absolute[1]}: it could not be carried out elsewhere")
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DockerfileError(f"{command}\n{done.stdout}{done.stderr}")


def clean_environment(kept: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a build is given of ours: where the tools and their caches are, and how packages are reached."""
    names = ("PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR", "LANG", "SSL_CERT_FILE")
    prefixes = (
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_CACHE",
        "PIP_INDEX",
        "PIP_CONFIG",
        "PIP_CACHE",
        "http",
        "HTTP",
        "no_",
        "NO_",
    )
    return {name: value for name, value in kept.items() if name in names or name.startswith(prefixes)}


def _ignored(context: Path) -> list[str]:
    lines = (context / ".dockerignore").read_text("utf-8").splitlines()
    return [line.removeprefix("**/") for line in lines if line.startswith("**/")]
