"""The returns: versions in two times, renderings that cannot be changed, keys that signed."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "exchange_0002"
down_revision = "exchange_0001"
branch_labels = None
depends_on = None


def text(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def moments(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in names]


def columns() -> list[sa.Column[Any]]:
    return [
        *text(
            "return_id", "organisation", "kind", "school_year", "period", "definition", "state", "data_class"
        ),
        *text("authority", "body", "earlier_version", "frozen_by", "digest", nullable=True),
        *text("signed_first_by", "signed_second_by", "signature", "question", nullable=True),
        *text("void_asked_by", "void_reason", "amend_reason", nullable=True),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("first_day", "last_day", "due_on")),
        *(sa.Column(name, postgresql.JSONB(), nullable=False) for name in ("days", "findings", "remarks")),
        *moments("made_at", "submitted_at"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("parked", sa.Integer(), nullable=True),
        sa.Column("earlier_position", sa.BigInteger(), nullable=True),
        sa.Column("amends", sa.Integer(), nullable=True),
    ]


def one_per_day(table: str, column: str) -> postgresql.ExcludeConstraint:
    key = sa.func.textrange(sa.literal_column(column), sa.literal_column(column), sa.literal_column("'[]'"))
    return postgresql.ExcludeConstraint(
        (key, "="),
        (sa.literal_column("valid"), "&&"),
        where=sa.func.upper_inf(sa.literal_column("known")),
        using="gist",
        name=f"one_{table}_per_{column}_and_day",
    )


def versions() -> None:
    op.create_table(
        "return_versions",
        *text("id"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_return_versions"),
    )
    op.create_table(
        "return_version_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *text("id"),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *columns(),
        one_per_day("return_version_slices", "id"),
        sa.PrimaryKeyConstraint("slice", name="pk_return_version_slices"),
    )
    op.create_index("ix_return_version_slices_id", "return_version_slices", ["id"])


def renderings() -> None:
    op.create_table(
        "return_renderings",
        *text("content", "format", "language", "version_id", "sha256"),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        *text("data_class"),
        *text("authority", "body", nullable=True),
        sa.PrimaryKeyConstraint("content", "format", "language", name="pk_return_renderings"),
    )
    op.create_index("ix_return_renderings_version_id", "return_renderings", ["version_id"])
    op.create_table(
        "return_keys",
        *text("kid"),
        sa.Column("key", postgresql.JSONB(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_return_keys"),
    )


UNCHANGEABLE = """
create function return_renderings_stay() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (old.content, old.format, old.language, old.version_id, old.sha256, old.bytes)
      is distinct from (new.content, new.format, new.language, new.version_id, new.sha256, new.bytes) then
    raise exception 'a rendering of a return is never changed';
  end if;
  return new;
end $$
"""
STAYS = """
create trigger stays before update or delete on return_renderings
for each row execute function return_renderings_stay()
"""


def upgrade() -> None:
    versions()
    renderings()
    op.execute(UNCHANGEABLE)
    op.execute(STAYS)
