"""The menu, providers, requests, offers, commissions; what other services told."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "brokerage_0001"
down_revision = None
branch_labels = ("brokerage",)
depends_on = "foundation_0001"


def text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def text_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=True) for name in names]


def lists(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False) for name in names]


def days(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in names]


def days_or_null(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names]


def numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def pence(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def supported() -> list[sa.Column[Any]]:
    return text("school_number", "authority")


def supporting() -> list[sa.Column[Any]]:
    return [*text("provider_id"), *text_or_null("provider_school", "provider_authority", "provider_person")]


def told() -> sa.Column[Any]:
    return sa.Column("told", sa.BigInteger(), nullable=False)


def record(kind: str, plural: str, *columns: sa.schema.SchemaItem, alone: tuple[str, ...] = ()) -> None:
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
    return postgresql.ExcludeConstraint(
        (sa.text(f"textrange({column}, {column}, '[]')"), "="),
        (sa.literal_column("valid"), "&&"),
        where=sa.text("upper_inf(known)"),
        using="gist",
        name=f"one_{table}_per_{column}_and_day",
    )


def upgrade() -> None:
    menu_and_providers()
    requests_and_offers()
    commissions()
    delivery_and_impact()
    told_by_others()
    rights_turn_on()


def menu_and_providers() -> None:
    record(
        "menu_item",
        "menu_items",
        *text("provider_id", "support_type", "specialism", "title_en", "title_cy"),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        pence("day_price_pence"),
        *text("state"),
    )
    op.create_index("ix_menu_item_slices_specialism", "menu_item_slices", ["specialism"])
    record(
        "provider",
        "providers",
        *text("kind"),
        *text_or_null("name", "provider_school", "provider_authority", "provider_person"),
        *lists("specialisms", "phases", "languages"),
        *text("follow_up", "state"),
    )
    record(
        "capacity",
        "capacities",
        *text("provider_id"),
        *numbers("days", "reserved_days"),
        sa.CheckConstraint(
            "reserved_days >= 0 and reserved_days <= days", name=op.f("ck_capacity_slices_never_overbooked")
        ),
        alone=("provider_id",),
    )
    op.create_table(
        "menu_evidence",
        *text("menu_item_id", "level"),
        *numbers("judgements"),
        sa.PrimaryKeyConstraint("menu_item_id", "level", name="pk_menu_evidence"),
    )


def requests_and_offers() -> None:
    record(
        "support_request",
        "support_requests",
        *supported(),
        *text("finding_id", "visit_id", "area", "specialism", "phase", "language"),
        *numbers("days_wanted"),
        *days("wanted_from"),
        *text("need", "state"),
        *days("requested_on"),
        *text("requested_by"),
        *text_or_null("triaged_by", "matched_by", "provider_id", "menu_item_id"),
        *lists("match_reasons"),
        *text_or_null("offer_id", "commission_id", "reason"),
    )
    op.create_index("ix_support_request_slices_school", "support_request_slices", ["school_number"])
    op.create_index("ix_support_request_slices_state", "support_request_slices", ["state"])
    record(
        "offer",
        "offers",
        *supported(),
        *supporting(),
        *text("request_id", "menu_item_id", "support_type"),
        *numbers("days"),
        *days("first_day", "last_day"),
        pence("cost_pence"),
        *text("paid_by", "state", "supported", "supporting", "paying_authority"),
        *days("expires_on"),
        *text("made_by"),
        *text_or_null("reason"),
    )
    op.create_index("ix_offer_slices_request_id", "offer_slices", ["request_id"])
    op.create_index("ix_offer_slices_state", "offer_slices", ["state", "expires_on"])
    record(
        "interest",
        "interests",
        *supported(),
        *supporting(),
        *text("request_id", "ground", "state", "statement", "declared_by"),
        *text_or_null("mitigation", "mitigated_by"),
    )
    op.create_index("ix_interest_slices_request_id", "interest_slices", ["request_id"])


def commissions() -> None:
    record(
        "commission",
        "commissions",
        *supported(),
        *supporting(),
        *text(
            "request_id",
            "offer_id",
            "finding_id",
            "menu_item_id",
            "support_type",
            "specialism",
            "capacity_id",
        ),
        *numbers("days", "days_used", "days_released"),
        pence("cost_pence"),
        *text("funding_stream", "success_measure", "school_year"),
        *days("first_day", "last_day"),
        sa.Column("counts_towards_ceiling", sa.Boolean(), nullable=False),
        sa.Column("ceiling_days", sa.Integer(), nullable=True),
        *text("state"),
        *days("requested_on", "commissioned_on"),
        *numbers("lead_working_days"),
        *text("placed_by"),
        *days_or_null("delivered_on", "closed_on"),
        *text_or_null("review", "reason"),
        sa.CheckConstraint(
            "days_used >= 0 and days_used <= days", name=op.f("ck_commission_slices_used_within_committed")
        ),
    )
    op.create_index("ix_commission_slices_school", "commission_slices", ["school_number", "school_year"])
    record(
        "ceiling",
        "ceiling_overrides",
        *supported(),
        *text("offer_id", "request_id", "school_year"),
        *numbers("extra_days"),
        sa.Column("ceiling_days", sa.Integer(), nullable=True),
        *numbers("committed_days"),
        *text_or_null("scheme", "category"),
        *text("reason", "authorised_by"),
    )
    op.create_index("ix_ceiling_slices_school", "ceiling_slices", ["school_number", "school_year"])


def delivery_and_impact() -> None:
    record(
        "delivery",
        "deliveries",
        *supported(),
        *supporting(),
        *text("commission_id"),
        *days("delivered_on"),
        *numbers("days"),
        *text_or_null("note"),
        *text("logged_by"),
    )
    op.create_index("ix_delivery_slices_commission_id", "delivery_slices", ["commission_id"])
    record(
        "impact",
        "impacts",
        *supported(),
        *text("commission_id", "request_id", "finding_id", "support_type", "menu_item_id", "side"),
        *text_or_null("about_school"),
        *text("level", "evidence"),
        *days("judged_on"),
        *text("judged_by"),
    )
    op.create_index("ix_impact_slices_commission_id", "impact_slices", ["commission_id"])


def told_by_others() -> None:
    op.create_table(
        "known_schools",
        *text("number", "of_authority", "name", "status", "sector"),
        *text_or_null("language_category", "postcode"),
        *days_or_null("closed_from"),
        told(),
        sa.PrimaryKeyConstraint("number", name="pk_known_schools"),
    )
    op.create_index("ix_known_schools_of_authority", "known_schools", ["of_authority"])
    op.create_table(
        "known_findings",
        *text("finding_id", "visit_id", "school", "authority", "area"),
        *days("published_on"),
        told(),
        sa.PrimaryKeyConstraint("finding_id", name="pk_known_findings"),
    )
    op.create_table(
        "known_visits",
        *text("visit_id", "school", "authority", "adviser_id"),
        told(),
        sa.PrimaryKeyConstraint("visit_id", name="pk_known_visits"),
    )
    op.create_table(
        "known_categories",
        *text("category_id"),
        *days("dated"),
        *text("number", "scheme", "value"),
        sa.Column("ceiling_days", sa.Integer(), nullable=True),
        *days_or_null("ended"),
        told(),
        sa.PrimaryKeyConstraint("category_id", "dated", name="pk_known_categories"),
    )
    op.create_index("ix_known_categories_number", "known_categories", ["number"])


def rights_turn_on() -> None:
    op.create_table(
        "lead_advisers",
        *text("allocation_id", "person_id", "school"),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("allocation_id", name="pk_lead_advisers"),
    )
    op.create_index("ix_lead_advisers_person_id", "lead_advisers", ["person_id"])
    op.create_index("ix_lead_advisers_school", "lead_advisers", ["school"])
    op.create_table(
        "footprint_members",
        *text("membership_id", "footprint", "authority"),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_footprint_members"),
    )
    op.create_index("ix_footprint_members_footprint", "footprint_members", ["footprint"])
