"""The register: its records in two times, lists of schools, and the two questions that rights turn on."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "registry_0001"
down_revision = None
branch_labels = ("registry",)
depends_on = "foundation_0001"


def text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def text_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=True) for name in names]


def whole(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def days(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in names]


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
        where=sa.func.upper_inf(sa.literal_column("known")),
        using="gist",
        name=f"one_{table}_per_{column}_and_day",
    )


def schools_and_contacts() -> None:
    record(
        "school",
        "schools",
        [
            *text("school_number", "authority", "name"),
            sa.Column("name_sort", sa.LargeBinary(), nullable=False),
            *text("search_folded", "status", "sector"),
            *text_or_null("governance", "school_type", "language_category", "religious_character"),
            sa.Column("address", postgresql.ARRAY(sa.Text()), nullable=False),
            *text_or_null("postcode", "phone"),
            sa.Column("pupils", sa.Integer(), nullable=True),
        ],
    )
    record(
        "contact",
        "contacts",
        [*text("school_number", "authority", "post"), *text_or_null("name", "email", "telephone")],
    )


def frame() -> None:
    record("authority", "authorities", text("authority", "gss_code", "name_en", "name_cy"))
    record(
        "footprint_membership",
        "footprint_memberships",
        text("authority", "kind", "footprint", "slot"),
        alone=("slot",),
    )
    record("regime", "regimes", text("authority", "regime"))
    record(
        "calendar",
        "calendars",
        [
            *text("authority", "school_year"),
            *days("first_day"),
            sa.Column("assumed", sa.Boolean(), nullable=False),
            *json("terms", "half_terms"),
        ],
    )


def people() -> None:
    record(
        "person",
        "people",
        [
            *text("person_id", "authority"),
            *text_or_null("school_number"),
            *text("employer", "name"),
            sa.Column("name_sort", sa.LargeBinary(), nullable=False),
            *text_or_null("email", "telephone", "language"),
        ],
    )
    record(
        "role_assignment",
        "role_assignments",
        [*text("person_id", "role", "authority"), *text_or_null("school_number"), *text("employer")],
    )
    record("liaison", "liaisons", text("authority", "kind", "person_id"))
    record(
        "adviser_allocation",
        "adviser_allocations",
        text("school_number", "authority", "person_id"),
        alone=("school_number",),
    )
    for table in ("role_assignment_slices", "adviser_allocation_slices"):
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])


def lists() -> None:
    record(
        "list_application",
        "list_applications",
        [*days("list_date"), *whole("added", "changed_schools", "unchanged", "missing")],
    )
    op.create_table(
        "school_lists",
        *text("id"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *text("state"),
        *days("list_date"),
        *text("media_type", "sha256"),
        *whole("size"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        *text("job_id"),
        *json("counts"),
        sa.CheckConstraint("state in ('received', 'previewed', 'applied')", name="ck_school_lists_state"),
        sa.PrimaryKeyConstraint("id", name="pk_school_lists"),
    )
    op.create_table(
        "school_list_files",
        *text("list_id"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["school_lists.id"], name="fk_school_list_files_list_id_school_lists"
        ),
        sa.PrimaryKeyConstraint("list_id", name="pk_school_list_files"),
    )
    op.create_table(
        "school_list_rows",
        *text("list_id"),
        *whole("position"),
        *text("kind"),
        *text_or_null("rule", "sheet"),
        sa.Column("rows", postgresql.ARRAY(sa.Integer()), nullable=False),
        *text_or_null("column", "value", "expected", "school_number", "name"),
        *json("fields"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["school_lists.id"], name="fk_school_list_rows_list_id_school_lists"
        ),
        sa.PrimaryKeyConstraint("list_id", "position", name="pk_school_list_rows"),
    )


def memberships() -> None:
    """The policy asks these before it knows which rows the caller may see. They run as the owner, and answer about
    one person or the named footprints only."""
    op.execute(
        """
        create function schools_of_person(person text, on_day date)
        returns table (post text, school_number text)
        language sql stable security definer set search_path = pg_catalog, public
        as $$
            select 'adviser', s.school_number from public.adviser_allocation_slices s
             where s.person_id = person and s.valid @> on_day and upper_inf(s.known)
            union all
            select s.role, s.school_number from public.role_assignment_slices s
             where s.person_id = person and s.school_number is not null
               and s.valid @> on_day and upper_inf(s.known)
        $$
        """
    )
    op.execute(
        """
        create function members_of_footprints(footprints text[], on_day date)
        returns table (footprint text, authority text)
        language sql stable security definer set search_path = pg_catalog, public
        as $$
            select s.footprint, s.authority from public.footprint_membership_slices s
             where s.footprint = any(footprints) and s.valid @> on_day and upper_inf(s.known)
        $$
        """
    )
    op.execute("revoke all on function schools_of_person(text, date) from public")
    op.execute("revoke all on function members_of_footprints(text[], date) from public")
    op.execute("grant execute on function schools_of_person(text, date) to registry_api, registry_worker")
    op.execute(
        "grant execute on function members_of_footprints(text[], date) to registry_api, registry_worker"
    )


def upgrade() -> None:
    schools_and_contacts()
    frame()
    people()
    lists()
    memberships()
