"""Whose a record was before it moved with its school, and which number of a school went to which."""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0007"
down_revision = "exchange_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("changes", "changes_outbox"):
        for name in ("from_authority", "from_school"):
            op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
    numbers = ("old_number", "old_authority", "new_number", "new_authority")
    op.create_table(
        "moved_schools",
        *(sa.Column(name, sa.Text(), nullable=False) for name in numbers),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("old_number", name="pk_moved_schools"),
    )
