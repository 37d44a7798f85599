"""The menu, providers, requests, offers, commissions, and what other services told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "brokerage_0001"
down_revision = None
branch_labels = ("brokerage",)
depends_on = "foundation_0001"


def upgrade() -> None:
    op.create_table(
        "capacities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacities")),
    )
    op.create_table(
        "capacity_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reserved_days", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_capacity_slices_per_id_and_day",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(provider_id, provider_id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_capacity_slices_per_provider_id_and_day",
        ),
        sa.CheckConstraint(
            "reserved_days >= 0 and reserved_days <= days", name=op.f("ck_capacity_slices_never_overbooked")
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_capacity_slices")),
    )
    op.create_index("ix_capacity_slices_id", "capacity_slices", ["id"], unique=False)
    op.create_table(
        "ceiling_overrides",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceiling_overrides")),
    )
    op.create_table(
        "ceiling_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("extra_days", sa.Integer(), nullable=False),
        sa.Column("ceiling_days", sa.Integer(), nullable=True),
        sa.Column("committed_days", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("authorised_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_ceiling_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_ceiling_slices")),
    )
    op.create_index("ix_ceiling_slices_id", "ceiling_slices", ["id"], unique=False)
    op.create_index(
        "ix_ceiling_slices_school", "ceiling_slices", ["school_number", "school_year"], unique=False
    )
    op.create_table(
        "commission_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("provider_school", sa.Text(), nullable=True),
        sa.Column("provider_authority", sa.Text(), nullable=True),
        sa.Column("provider_person", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("menu_item_id", sa.Text(), nullable=False),
        sa.Column("support_type", sa.Text(), nullable=False),
        sa.Column("specialism", sa.Text(), nullable=False),
        sa.Column("capacity_id", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("days_used", sa.Integer(), nullable=False),
        sa.Column("days_released", sa.Integer(), nullable=False),
        sa.Column("cost_pence", sa.BigInteger(), nullable=False),
        sa.Column("funding_stream", sa.Text(), nullable=False),
        sa.Column("success_measure", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("counts_towards_ceiling", sa.Boolean(), nullable=False),
        sa.Column("ceiling_days", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("commissioned_on", sa.Date(), nullable=False),
        sa.Column("lead_working_days", sa.Integer(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_commission_slices_per_id_and_day",
        ),
        sa.CheckConstraint(
            "days_used >= 0 and days_used <= days", name=op.f("ck_commission_slices_used_within_committed")
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_commission_slices")),
    )
    op.create_index("ix_commission_slices_id", "commission_slices", ["id"], unique=False)
    op.create_index(
        "ix_commission_slices_school", "commission_slices", ["school_number", "school_year"], unique=False
    )
    op.create_table(
        "commissions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commissions")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_table(
        "delivery_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("provider_school", sa.Text(), nullable=True),
        sa.Column("provider_authority", sa.Text(), nullable=True),
        sa.Column("provider_person", sa.Text(), nullable=True),
        sa.Column("commission_id", sa.Text(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("logged_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_delivery_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_delivery_slices")),
    )
    op.create_index("ix_delivery_slices_commission_id", "delivery_slices", ["commission_id"], unique=False)
    op.create_index("ix_delivery_slices_id", "delivery_slices", ["id"], unique=False)
    op.create_table(
        "footprint_members",
        sa.Column("membership_id", sa.Text(), nullable=False),
        sa.Column("footprint", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_footprint_members")),
    )
    op.create_index(op.f("ix_footprint_members_footprint"), "footprint_members", ["footprint"], unique=False)
    op.create_table(
        "impact_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("commission_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("support_type", sa.Text(), nullable=False),
        sa.Column("menu_item_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("about_school", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_impact_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_impact_slices")),
    )
    op.create_index("ix_impact_slices_commission_id", "impact_slices", ["commission_id"], unique=False)
    op.create_index("ix_impact_slices_id", "impact_slices", ["id"], unique=False)
    op.create_table(
        "impacts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_impacts")),
    )
    op.create_table(
        "interest_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("provider_school", sa.Text(), nullable=True),
        sa.Column("provider_authority", sa.Text(), nullable=True),
        sa.Column("provider_person", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("mitigation", sa.Text(), nullable=True),
        sa.Column("mitigated_by", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_interest_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_interest_slices")),
    )
    op.create_index("ix_interest_slices_id", "interest_slices", ["id"], unique=False)
    op.create_index("ix_interest_slices_request_id", "interest_slices", ["request_id"], unique=False)
    op.create_table(
        "interests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interests")),
    )
    op.create_table(
        "known_categories",
        sa.Column("category_id", sa.Text(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("ceiling_days", sa.Integer(), nullable=True),
        sa.Column("ended", sa.Date(), nullable=True),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("category_id", "dated", name=op.f("pk_known_categories")),
    )
    op.create_index(op.f("ix_known_categories_number"), "known_categories", ["number"], unique=False)
    op.create_table(
        "known_findings",
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_known_findings")),
    )
    op.create_table(
        "known_schools",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("of_authority", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("language_category", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("closed_from", sa.Date(), nullable=True),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_known_schools")),
    )
    op.create_index(op.f("ix_known_schools_of_authority"), "known_schools", ["of_authority"], unique=False)
    op.create_table(
        "known_visits",
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("adviser_id", sa.Text(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_known_visits")),
    )
    op.create_table(
        "lead_advisers",
        sa.Column("allocation_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("allocation_id", name=op.f("pk_lead_advisers")),
    )
    op.create_index(op.f("ix_lead_advisers_person_id"), "lead_advisers", ["person_id"], unique=False)
    op.create_index(op.f("ix_lead_advisers_school"), "lead_advisers", ["school"], unique=False)
    op.create_table(
        "menu_evidence",
        sa.Column("menu_item_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("judgements", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("menu_item_id", "level", name=op.f("pk_menu_evidence")),
    )
    op.create_table(
        "menu_item_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("support_type", sa.Text(), nullable=False),
        sa.Column("specialism", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_cy", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("day_price_pence", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_menu_item_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_menu_item_slices")),
    )
    op.create_index("ix_menu_item_slices_id", "menu_item_slices", ["id"], unique=False)
    op.create_index("ix_menu_item_slices_specialism", "menu_item_slices", ["specialism"], unique=False)
    op.create_table(
        "menu_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_items")),
    )
    op.create_table(
        "offer_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("provider_school", sa.Text(), nullable=True),
        sa.Column("provider_authority", sa.Text(), nullable=True),
        sa.Column("provider_person", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("menu_item_id", sa.Text(), nullable=False),
        sa.Column("support_type", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("cost_pence", sa.BigInteger(), nullable=False),
        sa.Column("paid_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("supported", sa.Text(), nullable=False),
        sa.Column("supporting", sa.Text(), nullable=False),
        sa.Column("paying_authority", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_offer_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_offer_slices")),
    )
    op.create_index("ix_offer_slices_id", "offer_slices", ["id"], unique=False)
    op.create_index("ix_offer_slices_request_id", "offer_slices", ["request_id"], unique=False)
    op.create_index("ix_offer_slices_state", "offer_slices", ["state", "expires_on"], unique=False)
    op.create_table(
        "offers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_table(
        "provider_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("provider_school", sa.Text(), nullable=True),
        sa.Column("provider_authority", sa.Text(), nullable=True),
        sa.Column("provider_person", sa.Text(), nullable=True),
        sa.Column("specialisms", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("phases", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("follow_up", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_provider_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_provider_slices")),
    )
    op.create_index("ix_provider_slices_id", "provider_slices", ["id"], unique=False)
    op.create_table(
        "providers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
    )
    op.create_table(
        "support_request_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school_number", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("specialism", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("days_wanted", sa.Integer(), nullable=False),
        sa.Column("wanted_from", sa.Date(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("triaged_by", sa.Text(), nullable=True),
        sa.Column("matched_by", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("menu_item_id", sa.Text(), nullable=True),
        sa.Column("match_reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("offer_id", sa.Text(), nullable=True),
        sa.Column("commission_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("textrange(id, id, '[]')"), "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_support_request_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name=op.f("pk_support_request_slices")),
    )
    op.create_index("ix_support_request_slices_id", "support_request_slices", ["id"], unique=False)
    op.create_index(
        "ix_support_request_slices_school", "support_request_slices", ["school_number"], unique=False
    )
    op.create_index("ix_support_request_slices_state", "support_request_slices", ["state"], unique=False)
    op.create_table(
        "support_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_requests")),
    )
