"""Test returns: marked from their opening on, so that none is ever taken for a return."""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0004"
down_revision = "exchange_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was there before is real: that answer is given once, here, and never by default afterwards.
    op.add_column(
        "return_version_slices", sa.Column("test", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("return_version_slices", "test", server_default=None)
