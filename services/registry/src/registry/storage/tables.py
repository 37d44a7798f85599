"""The register's tables: every aggregate is a record in two times, protected row by row.

What a list or a period says for a range of days is a slice with these days. Facts that have no days of their own
(a calendar, a list, a person's identity) are slices that hold on every day.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from contracts.data_class import DataClass
from service_kit.database import new_metadata
from service_kit.foundation import foundation
from service_kit.moving import moved_schools_table
from service_kit.policy.rls import protect
from service_kit.records import Record

metadata = new_metadata()
shared = foundation(metadata)

schools = Record(
    "school",
    "schools",
    metadata,
    [
        Column("school_number", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("name_sort", LargeBinary, nullable=False),
        Column("search_folded", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("sector", Text, nullable=False),
        Column("governance", Text),
        Column("school_type", Text),
        Column("language_category", Text),
        Column("religious_character", Text),
        Column("address", ARRAY(Text), nullable=False),
        Column("postcode", Text),
        Column("phone", Text),
        Column("pupils", Integer),
    ],
)
"""The id is the school number. A slice begins on the first day for which a source vouches; that is not the opening."""
protect(schools.slices, DataClass.public, authority="authority", school="school_number")

school_successions = Table(
    "school_successions",
    metadata,
    Column("predecessor", Text, ForeignKey("schools.id"), primary_key=True),
    Column("successor", Text, ForeignKey("schools.id"), primary_key=True),
    Column("valid_from", Date, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Index("ix_school_successions_successor", "successor"),
)
"""Who was amalgamated into whom. Public, added to and never changed; written with the schools that it is about."""

transfers = Record(
    "transfer",
    "transfers",
    metadata,
    [
        Column("school_number", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("from_school", Text, nullable=False),
        Column("from_authority", Text, nullable=False),
        Column("transferred_on", Date, nullable=False),
        Column("reason", Text, nullable=False),
    ],
)
"""Schools that went to another authority, for who has them now: to everybody else their line tells it."""
protect(transfers.slices, DataClass.internal, authority="authority", school="school_number")

moved_schools = moved_schools_table(metadata)

contacts = Record(
    "contact",
    "contacts",
    metadata,
    [
        Column("school_number", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("post", Text, nullable=False),
        Column("name", Text),
        Column("email", Text),
        Column("telephone", Text),
    ],
)
"""Who holds a post at a school and how to reach them; the id is `<school number>:<post>`."""
protect(contacts.slices, DataClass.personal, authority="authority", school="school_number")

authorities = Record(
    "authority",
    "authorities",
    metadata,
    [
        Column("authority", Text, nullable=False),
        Column("gss_code", Text, nullable=False),
        Column("name_en", Text, nullable=False),
        Column("name_cy", Text, nullable=False),
    ],
)
"""The 22 local authorities; the id is the three-digit code."""
protect(authorities.slices, DataClass.public, authority="authority")

footprint_memberships = Record(
    "footprint_membership",
    "footprint_memberships",
    metadata,
    [
        Column("authority", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("footprint", Text, nullable=False),
        Column("slot", Text, nullable=False),
    ],
    alone=["slot"],
)
"""An authority is in a footprint for some days. `slot` is `<kind>:<authority>`: at most one of a kind per day."""
protect(footprint_memberships.slices, DataClass.public, authority="authority")

regimes = Record(
    "regime",
    "regimes",
    metadata,
    [
        Column("authority", Text, nullable=False),
        Column("regime", Text, nullable=False),
    ],
)
"""Under which regime an authority works; the id is the authority's code, each adoption a slice."""
protect(regimes.slices, DataClass.internal, authority="authority")

calendars = Record(
    "calendar",
    "calendars",
    metadata,
    [
        Column("authority", Text, nullable=False),
        Column("school_year", Text, nullable=False),
        Column("first_day", Date, nullable=False),
        Column("assumed", Boolean, nullable=False),
        Column("terms", JSONB, nullable=False),
        Column("half_terms", JSONB, nullable=False),
    ],
)
"""Term dates of an authority for a school year; the id is `<authority>:<first year>`."""
protect(calendars.slices, DataClass.internal, authority="authority")

people = Record(
    "person",
    "people",
    metadata,
    [
        Column("person_id", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("school_number", Text),
        Column("employer", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("name_sort", LargeBinary, nullable=False),
        Column("email", Text),
        Column("telephone", Text),
        Column("language", Text),
    ],
)
"""People of the region's school improvement. `authority` is the one that employs them: for the staff of a consortium
its host authority, for those of a school the school's. `employer` is that authority's code or a footprint's."""
protect(people.slices, DataClass.personal, authority="authority", school="school_number", person="person_id")

role_assignments = Record(
    "role_assignment",
    "role_assignments",
    metadata,
    [
        Column("person_id", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("school_number", Text),
        Column("employer", Text, nullable=False),
    ],
)
"""A person holds a role for some days, for an authority or a school of it."""
protect(
    role_assignments.slices,
    DataClass.internal,
    authority="authority",
    school="school_number",
    person="person_id",
)
Index("ix_role_assignment_slices_person_id", role_assignments.slices.c.person_id)

liaisons = Record(
    "liaison",
    "liaisons",
    metadata,
    [
        Column("authority", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("person_id", Text, nullable=False),
    ],
)
"""Who is an authority's liaison of a kind; the id is `<kind>:<authority>`, each designation a slice: one per day."""
protect(liaisons.slices, DataClass.internal, authority="authority", person="person_id")

adviser_allocations = Record(
    "adviser_allocation",
    "adviser_allocations",
    metadata,
    [
        Column("school_number", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("person_id", Text, nullable=False),
    ],
    alone=["school_number"],
)
"""A person is the lead adviser of a school for some days; Postgres refuses a second one on the same day."""
protect(
    adviser_allocations.slices,
    DataClass.internal,
    authority="authority",
    school="school_number",
    person="person_id",
)
Index("ix_adviser_allocation_slices_person_id", adviser_allocations.slices.c.person_id)

list_applications = Record(
    "list_application",
    "list_applications",
    metadata,
    [
        Column("list_date", Date, nullable=False),
        Column("added", Integer, nullable=False),
        Column("changed_schools", Integer, nullable=False),
        Column("unchanged", Integer, nullable=False),
        Column("missing", Integer, nullable=False),
    ],
)
"""A list that was applied as one dated change set; the id is the list's. A list that changes nothing has none."""

school_lists = Table(
    "school_lists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("list_date", Date, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("job_id", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    CheckConstraint("state in ('received', 'previewed', 'applied')", name="state"),
)
"""Lists of schools as they were sent in. Work in hand, like a job: what becomes fact is `list_applications`."""

school_list_files = Table(
    "school_list_files",
    metadata,
    Column("list_id", Text, ForeignKey("school_lists.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The bytes of each list, kept as the evidence for what it changed and read again when it is applied."""

school_list_rows = Table(
    "school_list_rows",
    metadata,
    Column("list_id", Text, ForeignKey("school_lists.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("rule", Text),
    Column("sheet", Text),
    Column("rows", ARRAY(Integer), nullable=False),
    Column("column", Text),
    Column("value", Text),
    Column("expected", Text),
    Column("school_number", Text),
    Column("name", Text),
    Column("fields", JSONB, nullable=False),
)
"""The row-level report of a list: its faults and warnings, and each school that it adds, changes or does not name."""

for _table in (school_lists, school_list_files, school_list_rows):
    # A national list belongs to no authority: only who has every row of the region may see or send one.
    protect(_table, DataClass.internal)
