"""Successions of schools: who was amalgamated into whom, and from which day."""

import sqlalchemy as sa
from alembic import op

revision = "registry_0002"
down_revision = "registry_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "school_successions",
        sa.Column("predecessor", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("predecessor", "successor", name="pk_school_successions"),
        sa.ForeignKeyConstraint(
            ["predecessor"], ["schools.id"], name="fk_school_successions_predecessor_schools"
        ),
        sa.ForeignKeyConstraint(
            ["successor"], ["schools.id"], name="fk_school_successions_successor_schools"
        ),
    )
    op.create_index("ix_school_successions_successor", "school_successions", ["successor"])
