"""The table of jobs."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from contracts.data_class import DataClass
from service_kit.policy.rls import protect

STATES = ("queued", "running", "succeeded", "failed", "cancelled")


def jobs_table(metadata: MetaData) -> Table:
    """Jobs with their lease. A job belongs to whoever began it (`subject`)."""
    table = Table(
        "jobs",
        metadata,
        Column("id", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("subject", Text, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("params", JSONB, nullable=False),
        Column("done", BigInteger, nullable=False, server_default=text("0")),
        Column("total", BigInteger),
        Column("result", JSONB),
        Column("problem", JSONB),
        Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("started_at", DateTime(timezone=True)),
        Column("finished_at", DateTime(timezone=True)),
        Column("lease", Text),
        Column("leased_until", DateTime(timezone=True)),
        CheckConstraint("state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
        Index(
            "ix_jobs_waiting",
            "created_at",
            postgresql_where=text("state in ('queued', 'running')"),
        ),
    )
    return protect(table, DataClass.internal, subject="subject", insert_freely=True)
