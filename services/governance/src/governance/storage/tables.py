"""The tables of governance: bodies and members on days, meetings and what they decide, what the registry told.

A body's id is its code; it and its members hold on days. Everything about a meeting is a slice that holds always.
`data_class` is each row's own: internal to the body until it is published, confidential where it is exempt.
"""

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from contracts.data_class import DataClass
from service_kit.database import new_metadata
from service_kit.foundation import foundation
from service_kit.known_schools import known_schools_table
from service_kit.moving import moved_schools_table
from service_kit.policy.rls import protect
from service_kit.records import Record

metadata = new_metadata()
shared = foundation(metadata)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _maybe(*names: str) -> list[Column[str | None]]:
    return [Column(name, Text) for name in names]


def _whose() -> list[Column[str]]:
    return [Column("body_id", Text, nullable=False), Column("authority", Text), Column("school_number", Text)]


bodies = Record(
    "body",
    "bodies",
    metadata,
    [
        *_maybe("authority", "school_number", "consortium"),
        *_texts("body_type", "name_en", "name_cy", "constitution"),
        Column("authorities", ARRAY(Text), nullable=False),
        Column("call_in_days", Integer, nullable=False),
    ],
)
protect(bodies.slices, DataClass.public, body="id")

members = Record(
    "member",
    "members",
    metadata,
    [
        *_texts("body_id", "person_id", "seat"),
        *_maybe("represents", "office"),
        Column("voting", Boolean, nullable=False),
        Column("serving_head", Boolean, nullable=False),
        Column("sees_exempt", Boolean, nullable=False),
    ],
)
protect(members.slices, DataClass.public, body="body_id")
Index("ix_member_slices_body_id", members.slices.c.body_id)
Index("ix_member_slices_person_id", members.slices.c.person_id)

meetings = Record(
    "meeting",
    "meetings",
    metadata,
    [
        *_whose(),
        *_texts("body_type", "constitution", "municipal_year"),
        Column("starts_at", DateTime(timezone=True), nullable=False),
        *_maybe("place"),
        Column("remote", Boolean, nullable=False),
        *_texts("state", "data_class"),
        Column("agreed_by", ARRAY(Text), nullable=False),
        Column("notice_given_on", Date),
        Column("opened_at", DateTime(timezone=True)),
        Column("closed_at", DateTime(timezone=True)),
        Column("quorum", Integer),
        Column("voting_present", Integer),
        *_maybe("reason"),
    ],
)
protect(meetings.slices, "data_class", body="body_id")
Index("ix_meeting_slices_body_id", meetings.slices.c.body_id)

agenda_items = Record(
    "agenda_item",
    "agenda_items",
    metadata,
    [
        *_whose(),
        *_texts("meeting_id", "matter", "state", "data_class"),
        Column("position", Integer, nullable=False),
        *_maybe("title_en", "title_cy"),
        Column("late", Boolean, nullable=False),
        *_maybe("urgency_reason"),
        Column("exempt_paragraph", Integer),
        *_maybe("exclusion_resolution"),
        Column("papers", JSONB, nullable=False),
        *_maybe("reference_id", "quoted_minute"),
    ],
)
protect(agenda_items.slices, "data_class", body="body_id")
Index("ix_agenda_item_slices_meeting_id", agenda_items.slices.c.meeting_id)

attendances = Record(
    "attendance",
    "attendances",
    metadata,
    [
        *_texts("body_id", "meeting_id", "member_id"),
        Column("arrived_at", DateTime(timezone=True), nullable=False),
        Column("absences", JSONB, nullable=False),
        Column("present", Boolean, nullable=False),
    ],
)
protect(attendances.slices, DataClass.internal, body="body_id")
Index("ix_attendance_slices_meeting_id", attendances.slices.c.meeting_id)

declarations = Record(
    "declaration",
    "declarations",
    metadata,
    _texts("body_id", "meeting_id", "agenda_item_id", "member_id", "kind", "nature"),
)
protect(declarations.slices, DataClass.internal, body="body_id")
Index("ix_declaration_slices_agenda_item_id", declarations.slices.c.agenda_item_id)

resolutions = Record(
    "resolution",
    "resolutions",
    metadata,
    [
        *_whose(),
        *_texts("meeting_id", "agenda_item_id", "kind", "matter", "state", "data_class", "municipal_year"),
        Column("number", Integer),
        *_maybe("text_en", "text_cy", "reason", "moved_by", "seconded_by", "about_kind", "about_id"),
        Column("decided_on", Date),
        *_maybe("vote_id"),
        Column("votes_for", Integer),
        Column("votes_against", Integer),
        Column("abstained", Integer),
    ],
)
protect(resolutions.slices, "data_class", body="body_id")
Index("ix_resolution_slices_meeting_id", resolutions.slices.c.meeting_id)
Index("ix_resolution_slices_about", resolutions.slices.c.about_id)

votes = Record(
    "vote",
    "votes",
    metadata,
    [
        *_texts("body_id", "meeting_id", "resolution_id", "basis", "outcome"),
        Column("votes_for", Integer, nullable=False),
        Column("votes_against", Integer),
        Column("abstained", Integer, nullable=False),
        Column("entitled", Integer, nullable=False),
        Column("quorum", Integer, nullable=False),
        Column("names", JSONB, nullable=False),
        *_maybe("casting_vote"),
    ],
)
protect(votes.slices, DataClass.internal, body="body_id")

minutes = Record(
    "minutes",
    "minutes",
    metadata,
    [
        *_whose(),
        *_texts("meeting_id", "state", "data_class"),
        *_maybe("text_en", "text_cy"),
        Column("amendments", JSONB, nullable=False),
        *_maybe("approved_at_meeting_id"),
        Column("published_on", Date),
    ],
)
"""The text approved is never changed by its amendments: both are kept [domain 6.1.8]."""
protect(minutes.slices, "data_class", body="body_id")
Index("ix_minutes_slices_meeting_id", minutes.slices.c.meeting_id)

decisions = Record(
    "decision",
    "decisions",
    metadata,
    [
        *_texts("body_id"),
        *_maybe("authority", "scrutiny_body"),
        *_texts("resolution_id", "municipal_year"),
        Column("number", Integer, nullable=False),
        *_texts("state", "text_en", "text_cy"),
        Column("key_decision", Boolean, nullable=False),
        Column("subject_to_call_in", Boolean, nullable=False),
        Column("decided_on", Date, nullable=False),
        Column("published_on", Date, nullable=False),
        Column("call_in_ends", Date),
        Column("effective_on", Date),
        Column("implemented_on", Date),
        *_maybe("reason", "about_kind", "about_id"),
    ],
)
protect(decisions.slices, DataClass.public, body="body_id", other_side={"body": "scrutiny_body"})
Index("ix_decision_slices_resolution_id", decisions.slices.c.resolution_id)

references = Record(
    "reference",
    "references",
    metadata,
    [
        *_texts("from_body", "to_body"),
        *_maybe("authority"),
        *_texts("resolution_id", "municipal_year"),
        Column("number", Integer, nullable=False),
        Column("made_on", Date, nullable=False),
        Column("due_on", Date, nullable=False),
        *_texts("state"),
        *_maybe("minute_en", "minute_cy"),
        *_texts("reason"),
        Column("appendices", JSONB, nullable=False),
        *_maybe("meeting_id", "agenda_item_id"),
        Column("considered_on", Date),
        *_maybe("outcome", "outcome_resolution_id", "outcome_note"),
        Column("overdue_since", Date),
        Column("overdue_told_for", Date),
        *_maybe("referred_from"),
    ],
)
"""`minute_en`, `minute_cy`: the recommendation as it was carried; neither where it is exempt: the rows are public."""
protect(references.slices, DataClass.public, body="from_body", other_side={"body": "to_body"})

minute_numbers = Table(
    "minute_numbers",
    metadata,
    Column("body_id", Text, primary_key=True),
    Column("municipal_year", Text, primary_key=True),
    Column("last_number", Integer, nullable=False),
)
"""The number given last: numbers run on across the meetings of a body's municipal year [domain 1.2.5]."""

known_schools = known_schools_table(metadata)
"""For their governing bodies."""

moved_schools = moved_schools_table(metadata)
