"""The change log over all services, and what the policy needs to know of people and consortia."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "exchange_0001"
down_revision = None
branch_labels = ("exchange",)
depends_on = "foundation_0001"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("data_class", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("school", sa.Text(), nullable=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_authority_position", "changes", ["authority", "position"], unique=False)
    op.create_index("ix_changes_school_position", "changes", ["school", "position"], unique=False)
    op.create_table(
        "changes_head",
        sa.Column("only", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint('"only"', name=op.f("ck_changes_head_one_row")),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_changes_head")),
    )
    op.create_table(
        "changes_outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("data_class", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("school", sa.Text(), nullable=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes_outbox")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_table(
        "footprint_members",
        sa.Column("membership_id", sa.Text(), nullable=False),
        sa.Column("footprint", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_footprint_members")),
    )
    op.create_index(op.f("ix_footprint_members_footprint"), "footprint_members", ["footprint"], unique=False)
    op.create_table(
        "lead_advisers",
        sa.Column("allocation_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("allocation_id", name=op.f("pk_lead_advisers")),
    )
    op.create_index(op.f("ix_lead_advisers_person_id"), "lead_advisers", ["person_id"], unique=False)
