"""Posts at schools: beside lead advisers, heads and chairs of governors, whose rights follow their post as well."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "exchange_0003"
down_revision = "exchange_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts_at_schools",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "post", "person_id", "school")),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posts_at_schools"),
    )
    op.create_index("ix_posts_at_schools_person_id", "posts_at_schools", ["person_id"])
    op.create_index("ix_posts_at_schools_school", "posts_at_schools", ["school"])
    op.execute(
        "insert into posts_at_schools (id, post, person_id, school, valid) "
        "select allocation_id, 'adviser', person_id, school, valid from lead_advisers"
    )
    op.drop_table("lead_advisers")
