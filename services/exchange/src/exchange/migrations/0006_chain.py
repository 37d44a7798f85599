"""The chain: the last version of each record in one, with its links, and what the frozen returns count.

The change log has told all of it: what was heard before is kept by the projection's own rule. Returns that were frozen
before count nothing until they are frozen again.
"""

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from exchange.domain.chain import STEP_OF, Told, last_told

revision = "exchange_0006"
down_revision = "exchange_0005"
branch_labels = None
depends_on = None

_AT_ONCE = 1000


def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def lists(*names: str) -> list[sa.Column[list[str]]]:
    return [sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False) for name in names]


def records() -> sa.Table:
    table = op.create_table(
        "chain_records",
        *texts("reference", "aggregate"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *texts("subject", "data_class"),
        *texts("authority", "school", "body", nullable=True),
        *lists("follows_from", "leads_to"),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_chain_records"),
    )
    op.create_index(
        "ix_chain_records_follows_from", "chain_records", ["follows_from"], postgresql_using="gin"
    )
    return table


def heard() -> list[Told]:
    """The last event of each record."""
    changes = sa.table(
        "changes",
        *(sa.column(name) for name in ("aggregate", "key", "version", "subject", "data_class", "data")),
    )
    own = (changes.c.aggregate, changes.c.key)
    query = sa.select(changes).where(changes.c.aggregate.in_(sorted(STEP_OF)))
    rows = op.get_bind().execute(query.distinct(*own).order_by(*own, changes.c.version.desc())).all()
    return [
        Told(row.aggregate, row.key, row.version, row.subject, row.data_class, orjson.loads(row.data))
        for row in rows
    ]


def upgrade() -> None:
    table = records()
    op.create_table(
        "chain_counts",
        *texts("content", "reference"),
        *lists("figures"),
        *texts("authority", "body", nullable=True),
        sa.PrimaryKeyConstraint("content", "reference", name="pk_chain_counts"),
    )
    op.create_index("ix_chain_counts_reference", "chain_counts", ["reference"])
    rows = last_told(heard())
    for first in range(0, len(rows), _AT_ONCE):
        op.bulk_insert(table, rows[first : first + _AT_ONCE])
