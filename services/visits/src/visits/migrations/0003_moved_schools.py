"""Which number of a school went to which: records follow their school to another authority."""

import sqlalchemy as sa
from alembic import op

revision = "visits_0003"
down_revision = "visits_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = ("old_number", "old_authority", "new_number", "new_authority")
    op.create_table(
        "moved_schools",
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("old_number", name="pk_moved_schools"),
    )
