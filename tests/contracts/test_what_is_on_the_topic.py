"""What others find on the real topic: the CNCF's own CloudEvents package, and kcat (E-07).

One event of every type is written into its publisher's outbox, sequenced and shipped as in production; it is read back
with clients that are not ours, as raw bytes.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Consumer, TopicPartition
from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import create_async_engine

import contracts.events  # noqa: F401  (registers every event class)
from contracts.event import EVENTS
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of, header_list, packed_headers
from eventing.outbox import OutboxRow, append
from eventing.sequencer import LogTables, sequence
from eventing.shipping import Shipper
from eventing.tables import publisher_tables
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from testkit.fixtures import FreshDatabase
from testkit.kafka import Kafka

sys.path.insert(0, str(Path(__file__).parent))

from outside import program

pytestmark = pytest.mark.kafka

NOW = datetime(2020, 1, 20, 9, 30, 15, 123456, tzinfo=UTC)


def envelopes() -> list[Envelope]:
    """One of every registered type, with all that an envelope may carry; the first lacks what is optional."""
    made = []
    for version, (_, cls) in enumerate(sorted(EVENTS.items()), 1):
        event = cls.model_validate(cls.EXAMPLE)
        one = envelope_of(
            event, event_id=new_id(), key=f"ysgol-{version}", version=version, subject=f"/{event.AGGREGATE}s/{version}",
            time=NOW, recorded_time=NOW,
        )  # fmt: skip
        made.append(replace(one, causation_id=f"cause-{version}", traceparent=f"00-{'a' * 32}-{'b' * 16}-01"))
    made[0] = replace(made[0], correlation_id=None, causation_id=None, traceparent=None)
    return made


@dataclass
class Topic:
    """A topic of the real broker, and what was written to it, by event id."""

    bootstrap_servers: str
    name: str
    sent: dict[str, Envelope]


@pytest.fixture
async def topic(kafka: Kafka, fresh_database: FreshDatabase) -> AsyncIterator[Topic]:
    """Shipped as it is in production: outbox, sequencer, log, shipper."""
    name = f"contracts-{uuid4().hex[:12]}.events"
    kafka.create_topics([name])
    metadata = MetaData()
    tables = publisher_tables(metadata)
    engine = create_async_engine(fresh_database().owner_url)
    transport = KafkaTransport(KafkaSettings(kafka.bootstrap_servers))
    written = envelopes()
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await append(connection, tables.outbox, [OutboxRow.of(one) for one in written])
    async with engine.begin() as connection:
        await sequence(connection, LogTables(tables.outbox, tables.log, tables.head))
    shipper = Shipper(engine, transport=transport, topic=name, log=tables.log, cursors=tables.cursors)
    running = asyncio.create_task(shipper.run())
    async with asyncio.timeout(60), engine.connect() as connection:
        while await connection.scalar(select(tables.cursors.c.position)) != len(written):
            await connection.rollback()
            await asyncio.sleep(0.05)
    shipper.stop()
    await running
    yield Topic(kafka.bootstrap_servers, name, {one.id: one.at(n) for n, one in enumerate(written, 1)})
    await transport.close()
    await engine.dispose()


def raw(topic: Topic) -> Iterator[Any]:
    """The records as librdkafka hands them out, from the beginning of every partition to its end."""
    reader = Consumer({"bootstrap.servers": topic.bootstrap_servers, "group.id": "outside", "enable.auto.commit": False,
                       "auto.offset.reset": "earliest", "enable.partition.eof": False})  # fmt: skip
    partitions = reader.list_topics(topic.name, timeout=30).topics[topic.name].partitions
    reader.assign([TopicPartition(topic.name, number, 0) for number in partitions])
    for _ in range(len(topic.sent)):
        record = reader.poll(30)
        assert record is not None, "the topic ended early"
        assert record.error() is None
        yield record
    reader.close()


OPTIONAL = ("correlationid", "causationid", "traceparent")


def told_by(envelope: Envelope) -> dict[str, Any]:
    """Every attribute that the event must have, as the standard types it: texts, and a time."""
    told = {
        "specversion": "1.0", "id": envelope.id, "source": envelope.source, "type": envelope.type,
        "subject": envelope.subject, "time": envelope.time, "datacontenttype": "application/json",
        "dataschema": f"/schemas/{envelope.type}.json", "partitionkey": envelope.key,
        "sequence": str(envelope.version), "recordedtime": envelope.recorded_time.isoformat(),
        "dataclassification": envelope.data_class, "position": str(envelope.position),
        "correlationid": envelope.correlation_id, "causationid": envelope.causation_id,
        "traceparent": envelope.traceparent,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


async def test_an_independent_package_reads_every_record_of_the_real_topic(topic: Topic) -> None:
    """Binary mode, raw bytes and headers: attributes and extensions equal, present, of their types; and the data."""
    seen = 0
    for record in raw(topic):
        headers = dict(record.headers())
        assert all(isinstance(value, bytes) for value in headers.values())
        message = KafkaMessage(headers=headers, key=record.key(), value=record.value())
        event = from_binary(message, JSONFormat(), CloudEvent)
        envelope = topic.sent[event.get_id()]
        assert event.get_attributes() == told_by(envelope)
        data = event.get_data()
        assert (data if isinstance(data, dict) else json.loads(data)) == json.loads(envelope.data)
        assert record.key().decode() == envelope.key
        seen += 1
    assert seen == len(topic.sent) == len(EVENTS)


async def test_kcat_reads_key_headers_and_payload(topic: Topic) -> None:
    """kcat, as an operator would use it: its JSON output names every record's key, headers and payload."""
    kcat = program("kcat", "Debian: kcat")
    command = [
        kcat,
        "-b",
        topic.bootstrap_servers,
        "-C",
        "-t",
        topic.name,
        "-o",
        "beginning",
        "-e",
        "-q",
        "-J",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    read = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(read) == len(topic.sent)
    for record in read:
        headers = dict(zip(record["headers"][::2], record["headers"][1::2], strict=True))
        envelope = topic.sent[headers["ce_id"]]
        told = told_by(envelope) | {"time": envelope.time.isoformat()}
        kind = told.pop("datacontenttype")
        assert headers == {f"ce_{name}": value for name, value in told.items()} | {"content-type": kind}
        assert record["key"] == envelope.key
        assert json.loads(record["payload"]) == json.loads(envelope.data)
    # Order within each partition is the order of the log.
    for partition in {record["partition"] for record in read}:
        places = [int(dict(zip(r["headers"][::2], r["headers"][1::2], strict=True))["ce_position"])
                  for r in read if r["partition"] == partition]  # fmt: skip
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"ce_source": None}, "source"),
        ({"ce_type": None}, "type"),
        ({"ce_subject": b""}, "subject"),
        ({"ce_time": b"yesterday"}, "yest"),
    ],
)
def test_the_package_refuses_a_damaged_event(damage: dict[str, bytes | None], said: str) -> None:
    """The mutants: an attribute lost or of another type is no event to it, so what passed above was looked at."""
    whole = envelopes()[1].at(2)
    headers = dict(header_list(packed_headers(whole), 2))
    held = {name: value for name, value in (headers | damage).items() if value is not None}
    message = KafkaMessage(headers=held, key=b"k", value=whole.data)
    with pytest.raises(Exception, match=said):
        from_binary(message, JSONFormat(), CloudEvent)
