"""The real broker: verified jars, restart, and what a `kill -9` leaves behind. Notes §5.1, §5.2."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from jgo.maven import PythonResolver

from testkit import kafka_jars
from testkit.fixtures import mock_unless_ci
from testkit.kafka import (
    GivenKafka,
    Kafka,
    KafkaError,
    KafkaInUseError,
    KafkaServer,
    kafka_or_given,
    start_kafka,
)
from testkit.kafka_jars import KafkaJarsUnreachableError, KafkaJarTamperedError
from testkit.kafka_mock import start_mock_kafka


async def send(servers: str, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"k", headers=[("ce_id", b"1")])
    finally:
        await producer.stop()


async def receive(servers: str, topic: str, count: int, group: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=10,
    )
    await consumer.start()
    try:
        values = [(await consumer.getone()).value for _ in range(count)]
        await consumer.commit()
        return values
    finally:
        await consumer.stop()


async def test_what_was_acknowledged_survives_a_kill_of_the_broker(restartable_kafka: KafkaServer) -> None:
    broker, topic = restartable_kafka, "testkit.survives"
    broker.create_topics([topic], partitions=1)
    broker.create_topics([topic], partitions=1)  # repeating is no error
    await send(broker.bootstrap_servers, topic, b"one", b"two")
    address, first = broker.bootstrap_servers, broker.pid
    broker.kill()
    assert not psutil.pid_exists(first)
    broker.restart()
    assert (broker.bootstrap_servers, broker.pid != first) == (address, True)
    await send(address, topic, b"three")
    assert await receive(address, topic, 3, "testkit") == [b"one", b"two", b"three"]


async def test_topics_that_nobody_made_are_refused(real_kafka: Kafka) -> None:
    with pytest.raises(KafkaError, match="topic bad name"):
        real_kafka.create_topics(["bad name"])


KILLED = """
import sys, threading, time
from pathlib import Path
from testkit.kafka import start_kafka
box = []
# Outside the main thread the kernel's parent-death signal is not armed: the broker truly is left over.
thread = threading.Thread(target=lambda: box.append(start_kafka(Path(sys.argv[1]))))
thread.start(); thread.join()
print(box[0].pid, flush=True)
time.sleep(120)
"""


def test_after_kill_9_a_left_over_broker_is_stopped_and_the_folder_used_again(
    restartable_kafka: KafkaServer, tmp_path: Path
) -> None:
    """`restartable_kafka` is named so that this test, too, skips where no real broker can be had."""
    folder = tmp_path / "a folder with spaces"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        left_over = int(child.stdout.readline())
        with pytest.raises(KafkaInUseError) as in_use:
            start_kafka(folder)
        assert in_use.value.owner_pid == child.pid
        child.send_signal(signal.SIGKILL)
    assert psutil.Process(left_over).status() != psutil.STATUS_ZOMBIE
    broker = start_kafka(folder)
    try:
        assert broker.pid != left_over
        assert not psutil.pid_exists(left_over) or psutil.Process(left_over).status() == psutil.STATUS_ZOMBIE
        assert psutil.pid_exists(restartable_kafka.pid), "another folder's broker is left alone"
    finally:
        broker.stop()
    assert broker.child.poll() is not None


@pytest.fixture
def jar_copies(restartable_kafka: KafkaServer, tmp_path: Path) -> Path:
    """A copy of the user's cache (hard links, so it costs nothing)."""
    shutil.copytree(
        kafka_jars.cache_folder(), tmp_path / "jars", copy_function=lambda a, b: Path(b).hardlink_to(a)
    )
    return tmp_path / "jars"


def test_a_tampered_jar_is_refused_before_java_starts(jar_copies: Path, tmp_path: Path) -> None:
    jar = jar_copies / "kafka-clients-4.4.0.jar"
    changed = jar.read_bytes() + b"x"  # still a jar that Java would run
    jar.unlink()
    jar.write_bytes(changed)
    with pytest.raises(KafkaJarTamperedError, match=r"kafka-clients-4\.4\.0\.jar"):
        start_kafka(tmp_path / "broker", jars=jar_copies)
    assert not (tmp_path / "broker" / "console.log").exists()
    jar.write_bytes(changed[:-1])
    assert len(kafka_jars.verified_jars(jar_copies)) == len(kafka_jars.read_lock())


def test_a_jar_that_was_not_locked_is_never_on_the_class_path(jar_copies: Path) -> None:
    (jar_copies / "aaa-planted.jar").write_bytes(b"")
    assert "aaa-planted.jar" not in {jar.name for jar in kafka_jars.verified_jars(jar_copies)}


def test_a_downloaded_jar_with_another_sum_does_not_enter_the_cache(
    jar_copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry's answer is replaced here: what arrives is a file, but not the locked one."""

    def give_something_else(_resolver: PythonResolver, artifact: object) -> Path:
        path: Path = artifact.cached_path  # type: ignore[attr-defined]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"something else")
        return path

    monkeypatch.setattr(PythonResolver, "download", give_something_else)
    missing = jar_copies / "snakeyaml-2.5.jar"
    missing.unlink()
    with pytest.raises(KafkaJarTamperedError, match="snakeyaml"):
        kafka_jars.verified_jars(jar_copies)
    assert not missing.exists()


def test_a_missing_jar_without_network_is_told_apart_from_a_bad_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(PythonResolver, "download", no_network)
    with pytest.raises(KafkaJarsUnreachableError, match="no route"):
        kafka_jars.verified_jars(tmp_path / "empty")
    assert not list((tmp_path / "empty").glob("*.jar"))


def test_the_lock_names_coordinates_and_sums_and_no_place() -> None:
    text = kafka_jars.LOCK_PATH.read_text()
    assert "://" not in text
    assert str(Path.home()) not in text
    jars = kafka_jars.read_lock()
    assert all(len(jar.sha256) == 64 and jar.coordinate.count(":") == 2 for jar in jars)
    assert len({jar.file_name for jar in jars}) == len(jars)
    assert any(jar.coordinate == f"org.apache.kafka:kafka_2.13:{kafka_jars.KAFKA_VERSION}" for jar in jars)


def test_the_cache_follows_the_users_wish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kafka_jars.cache_folder().parent.parent == tmp_path


def test_a_given_broker_is_used_and_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker.example:9092")
    given = kafka_or_given(tmp_path)
    assert given == GivenKafka("broker.example:9092")
    given.stop()
    assert not list(tmp_path.iterdir())


async def test_the_mock_serves_the_wire_protocol() -> None:
    """The one smoke test of librdkafka's experimental mock: it stands in where no real broker can be had."""
    mock = start_mock_kafka()
    try:
        mock.create_topics(["testkit.mock"], partitions=2)
        await send(mock.bootstrap_servers, "testkit.mock", b"one", b"two")
        assert await receive(mock.bootstrap_servers, "testkit.mock", 2, "testkit") == [b"one", b"two"]
    finally:
        mock.stop()
        mock.stop()


def test_without_a_real_broker_ci_fails_and_others_get_the_mock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no route"):
        mock_unless_ci(KafkaJarsUnreachableError("no route"))
    monkeypatch.setenv("CI", "")
    mock_unless_ci(KafkaJarsUnreachableError("no route")).stop()


pytest_plugins_of_a_scratch_project = 'pytest_plugins = ["testkit.fixtures"]\n'


def test_the_report_says_so_when_the_mock_stood_in(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        pytest_plugins_of_a_scratch_project
        + "import testkit.fixtures as f\n"
        + "from testkit.kafka_jars import KafkaJarsUnreachableError\n"
        + "def unreachable(folder): raise KafkaJarsUnreachableError('the registry does not answer')\n"
        + "f.kafka_or_given = unreachable\n"
    )
    (tmp_path / "test_it.py").write_text(
        "def test_it(kafka): assert kafka.bootstrap_servers\ndef test_real(real_kafka): assert False\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "", "CI": ""},
        check=False,
    )
    last = done.stdout.splitlines()[-4:]
    assert any("MOCK BROKER" in line for line in last), done.stdout + done.stderr
    assert any("the registry does not answer" in line for line in last)
    assert "1 passed, 1 skipped" in last[-1]
