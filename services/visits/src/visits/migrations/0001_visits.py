"""Visits, findings, actions, categories and monitoring in two times; what is known of schools; lists that came in."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "visits_0001"
down_revision = None
branch_labels = ("visits",)
depends_on = "foundation_0001"


def text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def text_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=True) for name in names]


def days(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in names]


def days_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names]


def yes_no(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean(), nullable=nullable) for name in names]


def json(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, postgresql.JSONB(), nullable=False) for name in names]


def record(kind: str, plural: str, columns: list[sa.Column[Any]], alone: tuple[str, ...] = ()) -> None:
    """The two tables of one kind of aggregate: heads, and slices of which one is known per id and day."""
    op.create_table(
        plural,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{plural}"),
    )
    table = f"{kind}_slices"
    op.create_table(
        table,
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *columns,
        *(one_per_day(table, column) for column in ("id", *alone)),
        sa.PrimaryKeyConstraint("slice", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_id", table, ["id"])


def one_per_day(table: str, column: str) -> postgresql.ExcludeConstraint:
    key = sa.func.textrange(sa.literal_column(column), sa.literal_column(column), sa.literal_column("'[]'"))
    return postgresql.ExcludeConstraint(
        (key, "="),
        (sa.literal_column("valid"), "&&"),
        where=sa.text("upper_inf(known)"),
        using="gist",
        name=f"one_{table}_per_{column}_and_day",
    )


def upgrade() -> None:
    visits()
    findings_and_actions()
    categories_and_monitoring()
    known()


def visits() -> None:
    record(
        "visit",
        "visits",
        [
            *text("school_number", "authority", "visit_type", "component", "regime", "school_year", "state"),
            *text("adviser_id"),
            *days("planned_for"),
            *text_or_null("purpose"),
            *days_or_null("held_on"),
            sa.Column("met", postgresql.ARRAY(sa.Text()), nullable=False),
            *text_or_null("summary", "author", "assured_by"),
            *days_or_null("draft_due", "shared_on"),
            *yes_no("draft_in_time", nullable=True),
            *days_or_null("reply_due", "replied_on"),
            *text_or_null("reply", "dispute"),
            *json("corrections"),
            *days_or_null("final_due", "final_on"),
            *yes_no("final_in_time", nullable=True),
            *text_or_null("reason"),
        ],
    )
    op.create_index("ix_visit_slices_school", "visit_slices", ["school_number", "visit_type"])
    op.create_index("ix_visit_slices_state", "visit_slices", ["state"])


def findings_and_actions() -> None:
    record(
        "finding",
        "findings",
        [
            *text("school_number", "authority", "visit_id", "framework", "area"),
            *text_or_null("judgement"),
            *text("statement"),
            *json("evidence"),
            *text("state"),
            *days_or_null("published_on"),
        ],
    )
    op.create_index("ix_finding_slices_visit_id", "finding_slices", ["visit_id"])
    record(
        "action",
        "actions",
        [
            *text("school_number", "authority"),
            *text_or_null("visit_id", "finding_id"),
            *text("owner_body"),
            *text_or_null("owner_id"),
            *text("description", "success_criterion"),
            *days("due_date"),
            *text("state"),
            *days("proposed_on"),
            *days_or_null("agreed_on", "claimed_on"),
            *text_or_null("claimed_by"),
            *days_or_null("verified_on"),
            *text_or_null("verified_by"),
            *days_or_null("overdue_since", "overdue_told_for"),
            *text_or_null("reason"),
        ],
    )
    op.create_index("ix_action_slices_state", "action_slices", ["state", "due_date"])


def categories_and_monitoring() -> None:
    record(
        "category",
        "categories",
        [
            *text("school_number", "authority", "scheme", "school_year", "state"),
            *text_or_null("value"),
            *text("data_class", "holds_for"),
            *days_or_null("dated"),
            sa.Column("ceiling_days", sa.Integer(), nullable=True),
            *yes_no("intensive_monitoring", "imported"),
            *text_or_null("self_evaluation", "rationale", "disagreement", "reason"),
        ],
        alone=("holds_for",),
    )
    record(
        "monitoring",
        "monitoring",
        [
            *text("school_number", "authority", "category_id", "visit_type", "school_year", "period"),
            *days("due_from", "due_by"),
            *text("state"),
            *text_or_null("visit_id"),
        ],
    )
    op.create_table(
        "category_lists",
        *text("id", "scheme", "school_year"),
        *days("dated"),
        *text("sha256"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_category_lists"),
    )


def known() -> None:
    op.create_table(
        "known_schools",
        *text("number", "of_authority", "name", "status", "sector"),
        *text_or_null("language_category"),
        *days_or_null("closed_from"),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_known_schools"),
    )
    op.create_index("ix_known_schools_of_authority", "known_schools", ["of_authority"])
    op.create_table(
        "known_regimes",
        *text("of_authority"),
        *days("valid_from"),
        *days_or_null("valid_to"),
        *text("regime"),
        sa.PrimaryKeyConstraint("of_authority", "valid_from", name="pk_known_regimes"),
    )
    op.create_table(
        "known_periods",
        *text("of_authority", "school_year", "code"),
        *days("first_day", "last_day"),
        sa.PrimaryKeyConstraint("of_authority", "school_year", "code", name="pk_known_periods"),
    )
    op.create_table(
        "posts_at_schools",
        *text("id", "post", "person_id", "school"),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posts_at_schools"),
    )
    op.create_index("ix_posts_at_schools_person_id", "posts_at_schools", ["person_id"])
    op.create_index("ix_posts_at_schools_school", "posts_at_schools", ["school"])
    op.create_table(
        "footprint_members",
        *text("membership_id", "footprint", "authority"),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_footprint_members"),
    )
    op.create_index("ix_footprint_members_footprint", "footprint_members", ["footprint"])
