"""Service levels: good and all events of each measure by minute, and how far the feed's entries were looked at."""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0012"
down_revision = "exchange_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_level_counts",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("good", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "measure", "source", name="pk_service_level_counts"),
    )
    op.create_table(
        "service_level_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_service_level_marks"),
    )
