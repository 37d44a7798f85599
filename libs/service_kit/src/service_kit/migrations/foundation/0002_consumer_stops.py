"""A consumer that stopped itself stays stopped, in every process, until somebody started it again for a reason."""

import sqlalchemy as sa
from alembic import op

revision = "foundation_0002"
down_revision = "foundation_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consumer_stops",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("consumer", sa.Text(collation="C"), nullable=False),
        sa.Column("stopped_because", sa.Text(), nullable=False),
        sa.Column(
            "stopped_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("resumed_by", sa.Text(), nullable=True),
        sa.Column("resumed_because", sa.Text(), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_consumer_stops")),
    )
    op.create_index(
        "ix_consumer_stops_open",
        "consumer_stops",
        ["consumer"],
        unique=True,
        postgresql_where=sa.text("resumed_at IS NULL"),
    )
