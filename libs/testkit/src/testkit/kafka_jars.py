"""The jars of Apache Kafka: locked, fetched once, and verified before each start.

`kafka.lock` beside this file names every jar by its Maven coordinate, file name and SHA-256. Fetching is pure
Python (`jgo`), into the user's cache folder; whatever does not have the locked sum is refused, however it
came there. (jgo's own lock is output only: it accepts a jar that was changed afterwards.)

Write a new lock after changing `KAFKA_VERSION`: `python -m testkit.kafka_jars`, then review the difference.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

KAFKA_VERSION = "4.4.0"
LOCK_PATH = Path(__file__).with_name("kafka.lock")
# The broker, and what carries its slf4j 1.7 log calls to log4j2 (without it the broker's log is silent).
_ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5")
_DOWNLOADS_AT_ONCE = 6


class KafkaJarsError(RuntimeError):
    """The jars cannot be used; the message says which and why."""


class KafkaJarsUnreachableError(KafkaJarsError):
    """A jar is not in the cache and Maven Central does not answer."""


class KafkaJarTamperedError(KafkaJarsError):
    """A jar is not the one that was locked."""


@dataclass(frozen=True)
class LockedJar:
    """One line of a lock. `coordinate` is `group:artifact:version[:packaging]`; `sha256` is lower-case hex."""

    sha256: str
    coordinate: str
    file_name: str


def read_lock(path: Path = LOCK_PATH) -> tuple[LockedJar, ...]:
    """The locked jars, in class path order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(LockedJar(*line.split()) for line in lines if line and not line.startswith("#"))


def cache_folder() -> Path:
    """Where the jars are kept: `$XDG_CACHE_HOME/gwella/kafka-<version>`, by default below `~/.cache`."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "gwella" / f"kafka-{KAFKA_VERSION}"


def verified_jars(folder: Path | None = None, lock: tuple[LockedJar, ...] | None = None) -> list[Path]:
    """The locked jars in `folder` (default: the cache), fetched where missing, every sum checked just now.

    Raises `KafkaJarTamperedError` naming each jar whose sum differs, and `KafkaJarsUnreachableError`.
    About 0.1 s for the 44 MB of Kafka 4.4.
    """
    folder, lock = folder or cache_folder(), lock or read_lock()
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in lock if not (folder / jar.file_name).exists()]
    if missing:
        _fetch(missing, folder)
    changed = [jar.file_name for jar in lock if _sha256(folder / jar.file_name) != jar.sha256]
    if changed:
        raise KafkaJarTamperedError(
            f"refusing to start: {', '.join(changed)} in {folder} differ(s) from the SHA-256 in the lock; "
            "find out why, then delete the file(s) to fetch them again"
        )
    return [folder / jar.file_name for jar in lock]


def _fetch(missing: list[LockedJar], folder: Path) -> None:
    """Fetch into a folder of its own and move in only what has the locked sum: never half a file in the cache."""
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch,
        ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool,
    ):
        context = _context(Path(scratch))
        fetched = pool.map(lambda jar: _download(context, jar), missing)
        for jar, path in zip(missing, fetched, strict=True):
            if _sha256(path) != jar.sha256:
                raise KafkaJarTamperedError(
                    f"what Maven Central gave for {jar.coordinate} is not what was locked"
                )
            path.replace(folder / jar.file_name)


def _download(context: MavenContext, jar: LockedJar) -> Path:
    import requests

    group, artifact, version, *packaging = jar.coordinate.split(":")
    named = {"packaging": packaging[0]} if packaging else {}
    try:
        path: Path = context.project(group, artifact).at_version(version).artifact(**named).resolve()
    except (requests.RequestException, RuntimeError) as problem:
        raise KafkaJarsUnreachableError(
            f"{jar.coordinate} is neither below {cache_folder().parent} nor to be had from Maven Central: {problem}"
        ) from problem
    return path


def _context(repository: Path) -> MavenContext:
    from jgo.maven import MavenContext, PythonResolver

    return MavenContext(resolver=PythonResolver(), repo_cache=repository, timeout=30)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_lock(path: Path = LOCK_PATH) -> int:
    """Resolve the roots from Maven Central and write the lock; returns how many jars it names."""
    with tempfile.TemporaryDirectory(prefix="gwella-lock-") as scratch:
        context = _context(Path(scratch))
        chosen: dict[str, Artifact] = {}
        for root in _ROOTS:
            # One root at a time: resolved together, what one manages would change the versions of the other.
            for jar in _resolve(context, root):
                chosen.setdefault(f"{jar.groupId}:{jar.artifactId}", jar)
        lines = [
            f"# Apache Kafka {KAFKA_VERSION}: SHA-256, coordinate, file name (testkit.kafka_jars writes it)"
        ]
        for name, jar in chosen.items():
            lines.append(f"{_sha256(jar.resolve())}  {name}:{jar.version}  {jar.filename}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(chosen)


def _resolve(context: MavenContext, root: str) -> list[Artifact]:
    from jgo.maven import Dependency

    group, artifact, version = root.split(":")
    wanted = Dependency(context.project(group, artifact).at_version(version).artifact())
    direct, transitive = context.resolver.resolve([wanted])
    return [dependency.artifact for dependency in (*direct, *transitive)]


if __name__ == "__main__":
    write_lock()
