"""Schools are kept with all public facts that the registry tells, as in every service.

What was not kept before is filled by the next event of each school: with `told` at naught none is taken for older.
"""

import sqlalchemy as sa
from alembic import op

revision = "governance_0002"
down_revision = "governance_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("name", "sector"):
        op.add_column("known_schools", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("known_schools", name, server_default=None)
    op.add_column("known_schools", sa.Column("language_category", sa.Text()))
    op.add_column("known_schools", sa.Column("postcode", sa.Text()))
    op.add_column("known_schools", sa.Column("closed_from", sa.Date()))
    op.create_index("ix_known_schools_of_authority", "known_schools", ["of_authority"])
    op.execute("update known_schools set told = 0")
