"""The exchange's tables. `changes` is the public change feed: one gap-free sequence over all services."""

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import DATERANGE

from contracts.data_class import DataClass
from eventing.sequencer import LogTables
from eventing.tables import head_table, log_table, outbox_table
from service_kit.database import new_metadata
from service_kit.foundation import foundation
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
        Column("time", DateTime(timezone=True), nullable=False),
        Column("correlation_id", Text),
        Column("data", LargeBinary, nullable=False),
    ]


changes_outbox = outbox_table(metadata, "changes_outbox", _change_columns())
changes = log_table(metadata, "changes", _change_columns())
changes_head = head_table(metadata, "changes_head")
protect(changes, "data_class", authority="authority", school="school")
Index("ix_changes_authority_position", changes.c.authority, changes.c.position)
Index("ix_changes_school_position", changes.c.school, changes.c.position)

CHANGE_LOG = LogTables(changes_outbox, changes, changes_head)
"""What the exchange's relay sequences beside its own events."""

lead_advisers = Table(
    "lead_advisers",
    metadata,
    Column("allocation_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False, index=True),
    Column("school", Text, nullable=False),
    Column("valid", DATERANGE, nullable=False),
)
protect(lead_advisers, DataClass.internal, school="school", person="person_id")
"""Which person leads which school when: projected from the registry's allocations, for the policy."""

footprint_members = Table(
    "footprint_members",
    metadata,
    Column("membership_id", Text, primary_key=True),
    Column("footprint", Text, nullable=False, index=True),
    Column("authority", Text, nullable=False),
    Column("valid", DATERANGE, nullable=False),
)
protect(footprint_members, DataClass.public, authority="authority")
"""Which authority belongs to which consortium when: projected from the registry, for the policy."""
