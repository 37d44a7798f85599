"""The exchange's tables. `changes` is the public change feed: one gap-free sequence over all services."""

from sqlalchemy import BigInteger, Column, Computed, DateTime, Index, LargeBinary, Text, text

from eventing.sequencer import LogTables
from eventing.tables import head_table, log_table, outbox_table
from service_kit.database import new_metadata
from service_kit.foundation import foundation
from service_kit.moving import moved_schools_table
from service_kit.policy.posts import PostsAndFootprints
from service_kit.policy.rls import protect

metadata = new_metadata()
shared = foundation(metadata)


def _change_columns() -> list[Column[object]]:
    return [
        Column("event_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("aggregate", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("change", Text, nullable=False),
        Column("data_class", Text, nullable=False),
        Column("authority", Text),
        Column("school", Text),
        Column("person", Text),
        Column("body", Text),
        Column("from_authority", Text),
        Column("from_school", Text),
        Column("other_authority", Text),
        Column("other_school", Text),
        Column("other_person", Text),
        Column("from_other_authority", Text),
        Column("from_other_school", Text),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("correlation_id", Text),
        Column("data", LargeBinary, nullable=False),
    ]


_KEY_HASH = (
    r"('x' || substr(encode(sha256(decode(replace(aggregate || ':' || key, '\', '\\'), 'escape')), 'hex'), 1, 8))"
    "::bit(32)::bigint"
)
"""The first four bytes of SHA-256 of `<service>.<aggregate>:<key>`; `decode` makes bytes of a text."""
changes_outbox = outbox_table(metadata, "changes_outbox", _change_columns())
changes = log_table(
    metadata,
    "changes",
    [
        *_change_columns(),
        # By which entries fall into partitions, all of a record into one. Promised to clients, so never another.
        Column("key_hash", BigInteger, Computed(_KEY_HASH, persisted=True), nullable=False),
    ],
)
changes_head = head_table(
    metadata,
    "changes_head",
    [
        # Which feed it is: positions of another one mean nothing here.
        Column("feed", Text, nullable=False, server_default=text("gen_random_uuid()::text")),
        # Entries up to here are told no longer.
        Column("floor", BigInteger, nullable=False, server_default=text("0")),
    ],
)
protect(
    changes,
    "data_class",
    authority="authority",
    school="school",
    person="person",
    body="body",
    other_side={
        "authority": ("from_authority", "other_authority", "from_other_authority"),
        "school": ("from_school", "other_school", "from_other_school"),
        "person": "other_person",
    },
)
Index("ix_changes_authority_position", changes.c.authority, changes.c.position)
Index("ix_changes_school_position", changes.c.school, changes.c.position)
# The states of records, newest first: the digest reads them, with whose they are, from the index alone.
Index(
    "ix_changes_record_states",
    changes.c.key_hash,
    changes.c.aggregate,
    changes.c.key,
    changes.c.position.desc(),
    postgresql_include=[
        "version", "change", "data_class", "authority", "school", "person", "body", "from_authority", "from_school",
        "other_authority", "other_school", "other_person", "from_other_authority", "from_other_school",
    ],
)  # fmt: skip

CHANGE_LOG = LogTables(changes_outbox, changes, changes_head)
"""What the exchange's relay sequences beside its own events."""

RIGHTS = PostsAndFootprints.declared_in(metadata)
"""What rights turn on: projected from the registry's events, for the policy."""

moved_schools = moved_schools_table(metadata)
