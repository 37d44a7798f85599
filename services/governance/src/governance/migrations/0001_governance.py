"""Bodies, members, meetings and what they decide in two times; numbers of minutes; what is known of schools."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "governance_0001"
down_revision = None
branch_labels = ("governance",)
depends_on = "foundation_0001"


def text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def text_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=True) for name in names]


def days(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in names]


def days_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names]


def numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def numbers_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=True) for name in names]


def yes_no(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def json(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, postgresql.JSONB(), nullable=False) for name in names]


def record(kind: str, plural: str, columns: list[sa.Column[Any]]) -> None:
    """The two tables of one kind of aggregate: heads, and slices of which one is known per id and day."""
    op.create_table(
        plural,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{plural}"),
    )
    table = f"{kind}_slices"
    key = sa.func.textrange(sa.literal_column("id"), sa.literal_column("id"), sa.literal_column("'[]'"))
    op.create_table(
        table,
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *columns,
        postgresql.ExcludeConstraint(
            (key, "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name=f"one_{table}_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_id", table, ["id"])


def upgrade() -> None:
    bodies()
    agendas()
    proceedings()
    records_of_meetings()
    decisions_and_references()
    numbers_and_schools()


def bodies() -> None:
    record(
        "body",
        "bodies",
        [
            *text_or_null("authority", "school_number", "consortium"),
            *text("body_type", "name_en", "name_cy", "constitution"),
            sa.Column("authorities", postgresql.ARRAY(sa.Text()), nullable=False),
            *numbers("call_in_days"),
        ],
    )
    record(
        "member",
        "members",
        [
            *text("body_id", "person_id", "seat"),
            *text_or_null("represents", "office"),
            *yes_no("voting", "serving_head", "sees_exempt"),
        ],
    )
    op.create_index("ix_member_slices_body_id", "member_slices", ["body_id"])
    op.create_index("ix_member_slices_person_id", "member_slices", ["person_id"])
    record(
        "meeting",
        "meetings",
        [
            *text("body_id"),
            *text_or_null("authority", "school_number"),
            *text("body_type", "constitution", "municipal_year"),
            sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
            *text_or_null("place"),
            *yes_no("remote"),
            *text("state", "data_class"),
            sa.Column("agreed_by", postgresql.ARRAY(sa.Text()), nullable=False),
            *days_or_null("notice_given_on"),
            sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
            *numbers_or_null("quorum", "voting_present"),
            *text_or_null("reason"),
        ],
    )
    op.create_index("ix_meeting_slices_body_id", "meeting_slices", ["body_id"])


def agendas() -> None:
    record(
        "agenda_item",
        "agenda_items",
        [
            *text("body_id"),
            *text_or_null("authority", "school_number"),
            *text("meeting_id", "matter", "state", "data_class"),
            *numbers("position"),
            *text_or_null("title_en", "title_cy"),
            *yes_no("late"),
            *text_or_null("urgency_reason"),
            *numbers_or_null("exempt_paragraph"),
            *text_or_null("exclusion_resolution"),
            *json("papers"),
            *text_or_null("reference_id", "quoted_minute"),
        ],
    )
    op.create_index("ix_agenda_item_slices_meeting_id", "agenda_item_slices", ["meeting_id"])


def proceedings() -> None:
    record(
        "attendance",
        "attendances",
        [
            *text("body_id", "meeting_id", "member_id"),
            sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
            *json("absences"),
            *yes_no("present"),
        ],
    )
    op.create_index("ix_attendance_slices_meeting_id", "attendance_slices", ["meeting_id"])
    record(
        "declaration",
        "declarations",
        [
            *text("body_id", "meeting_id", "agenda_item_id", "member_id", "kind", "nature"),
        ],
    )
    op.create_index("ix_declaration_slices_agenda_item_id", "declaration_slices", ["agenda_item_id"])
    record(
        "vote",
        "votes",
        [
            *text("body_id", "meeting_id", "resolution_id", "basis", "outcome"),
            *numbers("votes_for"),
            *numbers_or_null("votes_against"),
            *numbers("abstained", "entitled", "quorum"),
            *json("names"),
            *text_or_null("casting_vote"),
        ],
    )


def records_of_meetings() -> None:
    record(
        "resolution",
        "resolutions",
        [
            *text("body_id"),
            *text_or_null("authority", "school_number"),
            *text("meeting_id", "agenda_item_id", "kind", "matter", "state", "data_class", "municipal_year"),
            *numbers_or_null("number"),
            *text_or_null(
                "text_en", "text_cy", "reason", "moved_by", "seconded_by", "about_kind", "about_id"
            ),
            *days_or_null("decided_on"),
            *text_or_null("vote_id"),
            *numbers_or_null("votes_for", "votes_against", "abstained"),
        ],
    )
    op.create_index("ix_resolution_slices_about", "resolution_slices", ["about_id"])
    op.create_index("ix_resolution_slices_meeting_id", "resolution_slices", ["meeting_id"])
    record(
        "minutes",
        "minutes",
        [
            *text("body_id"),
            *text_or_null("authority", "school_number"),
            *text("meeting_id", "state", "data_class"),
            *text_or_null("text_en", "text_cy"),
            *json("amendments"),
            *text_or_null("approved_at_meeting_id"),
            *days_or_null("published_on"),
        ],
    )
    op.create_index("ix_minutes_slices_meeting_id", "minutes_slices", ["meeting_id"])


def decisions_and_references() -> None:
    record(
        "decision",
        "decisions",
        [
            *text("body_id"),
            *text_or_null("authority", "scrutiny_body"),
            *text("resolution_id", "municipal_year"),
            *numbers("number"),
            *text("state", "text_en", "text_cy"),
            *yes_no("key_decision", "subject_to_call_in"),
            *days("decided_on", "published_on"),
            *days_or_null("call_in_ends", "effective_on", "implemented_on"),
            *text_or_null("reason", "about_kind", "about_id"),
        ],
    )
    op.create_index("ix_decision_slices_resolution_id", "decision_slices", ["resolution_id"])
    record(
        "reference",
        "references",
        [
            *text("from_body", "to_body"),
            *text_or_null("authority"),
            *text("resolution_id", "municipal_year"),
            *numbers("number"),
            *days("made_on", "due_on"),
            *text("state"),
            *text_or_null("minute_en", "minute_cy"),
            *text("reason"),
            *json("appendices"),
            *text_or_null("meeting_id", "agenda_item_id"),
            *days_or_null("considered_on"),
            *text_or_null("outcome", "outcome_resolution_id", "outcome_note"),
            *days_or_null("overdue_since", "overdue_told_for"),
            *text_or_null("referred_from"),
        ],
    )


def numbers_and_schools() -> None:
    op.create_table(
        "minute_numbers",
        *text("body_id", "municipal_year"),
        *numbers("last_number"),
        sa.PrimaryKeyConstraint("body_id", "municipal_year", name="pk_minute_numbers"),
    )
    op.create_table(
        "known_schools",
        *text("number", "of_authority", "status"),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_known_schools"),
    )
