"""Transfers of schools to another authority, and which number went to which."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "registry_0003"
down_revision = "registry_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transfers"),
    )
    names = ("school_number", "authority", "from_school", "from_authority", "reason")
    op.create_table(
        "transfer_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.Column("transferred_on", sa.Date(), nullable=False),
        postgresql.ExcludeConstraint(
            (
                sa.func.textrange(
                    sa.literal_column("id"), sa.literal_column("id"), sa.literal_column("'[]'")
                ),
                "=",
            ),
            (sa.literal_column("valid"), "&&"),
            where=sa.func.upper_inf(sa.literal_column("known")),
            using="gist",
            name="one_transfer_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name="pk_transfer_slices"),
    )
    op.create_index("ix_transfer_slices_id", "transfer_slices", ["id"])
    numbers = ("old_number", "old_authority", "new_number", "new_authority")
    op.create_table(
        "moved_schools",
        *(sa.Column(name, sa.Text(), nullable=False) for name in numbers),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("old_number", name="pk_moved_schools"),
    )
