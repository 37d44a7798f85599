"""The tables of visits: five records in two times, what other services told, and lists that came in.

Everything about one school is a slice that holds on every day, except a category: it holds from its date on.
"""

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from contracts.data_class import DataClass
from service_kit.database import new_metadata
from service_kit.foundation import foundation
from service_kit.known_schools import known_schools_table
from service_kit.moving import moved_schools_table
from service_kit.policy.posts import PostsAndFootprints
from service_kit.policy.rls import protect
from service_kit.records import Record

metadata = new_metadata()
shared = foundation(metadata)


def _whose() -> list[Column[str]]:
    return [Column("school_number", Text, nullable=False), Column("authority", Text, nullable=False)]


visits = Record(
    "visit",
    "visits",
    metadata,
    [
        *_whose(),
        Column("visit_type", Text, nullable=False),
        Column("component", Text, nullable=False),
        Column("regime", Text, nullable=False),
        Column("school_year", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("adviser_id", Text, nullable=False),
        Column("planned_for", Date, nullable=False),
        Column("purpose", Text),
        Column("held_on", Date),
        Column("met", ARRAY(Text), nullable=False),
        Column("summary", Text),
        Column("author", Text),
        Column("assured_by", Text),
        Column("draft_due", Date),
        Column("shared_on", Date),
        Column("draft_in_time", Boolean),
        Column("reply_due", Date),
        Column("replied_on", Date),
        Column("reply", Text),
        Column("dispute", Text),
        Column("corrections", JSONB, nullable=False),
        Column("final_due", Date),
        Column("final_on", Date),
        Column("final_in_time", Boolean),
        Column("reason", Text),
    ],
)
"""`author` and `assured_by` are who did it: a person's id, or a token's subject where it names no person."""
protect(visits.slices, DataClass.confidential, authority="authority", school="school_number")
Index("ix_visit_slices_school", visits.slices.c.school_number, visits.slices.c.visit_type)
Index("ix_visit_slices_state", visits.slices.c.state)

findings = Record(
    "finding",
    "findings",
    metadata,
    [
        *_whose(),
        Column("visit_id", Text, nullable=False),
        Column("framework", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("judgement", Text),
        Column("statement", Text, nullable=False),
        Column("evidence", JSONB, nullable=False),
        Column("state", Text, nullable=False),
        Column("published_on", Date),
    ],
)
protect(findings.slices, DataClass.confidential, authority="authority", school="school_number")
Index("ix_finding_slices_visit_id", findings.slices.c.visit_id)

actions = Record(
    "action",
    "actions",
    metadata,
    [
        *_whose(),
        Column("visit_id", Text),
        Column("finding_id", Text),
        Column("owner_body", Text, nullable=False),
        Column("owner_id", Text),
        Column("description", Text, nullable=False),
        Column("success_criterion", Text, nullable=False),
        Column("due_date", Date, nullable=False),
        Column("state", Text, nullable=False),
        Column("proposed_on", Date, nullable=False),
        Column("agreed_on", Date),
        Column("claimed_on", Date),
        Column("claimed_by", Text),
        Column("verified_on", Date),
        Column("verified_by", Text),
        Column("overdue_since", Date),
        Column("overdue_told_for", Date),
        Column("reason", Text),
    ],
)
"""`overdue_told_for`: the due date for which it was told that it has passed, so that it is told once."""
protect(actions.slices, DataClass.confidential, authority="authority", school="school_number")
Index("ix_action_slices_state", actions.slices.c.state, actions.slices.c.due_date)

categories = Record(
    "category",
    "categories",
    metadata,
    [
        *_whose(),
        Column("scheme", Text, nullable=False),
        Column("school_year", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("value", Text),
        Column("data_class", Text, nullable=False),
        Column("holds_for", Text, nullable=False),
        Column("dated", Date),
        Column("ceiling_days", Integer),
        Column("intensive_monitoring", Boolean, nullable=False),
        Column("imported", Boolean, nullable=False),
        Column("self_evaluation", Text),
        Column("rationale", Text),
        Column("disagreement", Text),
        Column("reason", Text),
    ],
    alone=["holds_for"],
)
"""The id is `<scheme>.<school year>.<school number>`. `holds_for` is the school once the category holds, and its own id
until then: so that Postgres itself refuses two categories of one school on one day, and no more than that."""
protect(categories.slices, "data_class", authority="authority", school="school_number")

monitoring = Record(
    "monitoring",
    "monitoring",
    metadata,
    [
        *_whose(),
        Column("category_id", Text, nullable=False),
        Column("visit_type", Text, nullable=False),
        Column("school_year", Text, nullable=False),
        Column("period", Text, nullable=False),
        Column("due_from", Date, nullable=False),
        Column("due_by", Date, nullable=False),
        Column("state", Text, nullable=False),
        Column("visit_id", Text),
    ],
)
"""The id is `<visit type>.<school year>.<period>.<school number>`: due once."""
protect(monitoring.slices, DataClass.confidential, authority="authority", school="school_number")

category_lists = Table(
    "category_lists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scheme", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("dated", Date, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Published lists as they came in: the evidence of what an import wrote. Public, as their source is."""

known_schools = known_schools_table(metadata)
moved_schools = moved_schools_table(metadata)

known_regimes = Table(
    "known_regimes",
    metadata,
    Column("of_authority", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("regime", Text, nullable=False),
)
"""Under which regime an authority works from a day on; the last one begun counts. It binds everyone."""

known_periods = Table(
    "known_periods",
    metadata,
    Column("of_authority", Text, primary_key=True),
    Column("school_year", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
)
"""The half-term periods of each authority's calendar; both days inclusive. They bind everyone."""

RIGHTS = PostsAndFootprints.declared_in(metadata)
"""What rights turn on: projected from the registry's events, for the policy."""
