"""The tables of brokerage: records in two times, and what other services told.

The menu, providers and their capacity are public: every caller may know of them, and what a command changes in them is
decided above the database. Offers, commissions and deliveries have two sides, and both see them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    Table,
    Text,
)
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

SUPPORTING = {"authority": "provider_authority", "school": "provider_school", "person": "provider_person"}
"""The columns of the supporting side."""


def _supported() -> list[Column[str]]:
    return [Column("school_number", Text, nullable=False), Column("authority", Text, nullable=False)]


def _supporting() -> list[Column[str]]:
    return [
        Column("provider_id", Text, nullable=False),
        Column("provider_school", Text),
        Column("provider_authority", Text),
        Column("provider_person", Text),
    ]


menu_items = Record(
    "menu_item",
    "menu_items",
    metadata,
    [
        Column("provider_id", Text, nullable=False),
        Column("support_type", Text, nullable=False),
        Column("specialism", Text, nullable=False),
        Column("title_en", Text, nullable=False),
        Column("title_cy", Text, nullable=False),
        Column("evidence", JSONB, nullable=False),
        Column("day_price_pence", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
    ],
)
Index("ix_menu_item_slices_specialism", menu_items.slices.c.specialism)

providers = Record(
    "provider",
    "providers",
    metadata,
    [
        Column("kind", Text, nullable=False),
        Column("name", Text),
        Column("provider_school", Text),
        Column("provider_authority", Text),
        Column("provider_person", Text),
        Column("specialisms", ARRAY(Text), nullable=False),
        Column("phases", ARRAY(Text), nullable=False),
        Column("languages", ARRAY(Text), nullable=False),
        Column("follow_up", Text, nullable=False),
        Column("state", Text, nullable=False),
    ],
)
"""`name` is that of a school or an organisation; an adviser is known by the person's id alone."""

capacities = Record(
    "capacity",
    "capacities",
    metadata,
    [
        Column("provider_id", Text, nullable=False),
        Column("days", Integer, nullable=False),
        Column("reserved_days", Integer, nullable=False),
    ],
    alone=["provider_id"],
)
"""A slice holds for the days of its period, so Postgres itself refuses two periods of one provider on one day, and by
the check below more days reserved than there are, whoever races whom."""
capacities.slices.append_constraint(
    CheckConstraint("reserved_days >= 0 and reserved_days <= days", name="never_overbooked")
)

support_requests = Record(
    "support_request",
    "support_requests",
    metadata,
    [
        *_supported(),
        Column("finding_id", Text, nullable=False),
        Column("visit_id", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("specialism", Text, nullable=False),
        Column("phase", Text, nullable=False),
        Column("language", Text, nullable=False),
        Column("days_wanted", Integer, nullable=False),
        Column("wanted_from", Date, nullable=False),
        Column("need", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("requested_on", Date, nullable=False),
        Column("requested_by", Text, nullable=False),
        Column("triaged_by", Text),
        Column("matched_by", Text),
        Column("provider_id", Text),
        Column("menu_item_id", Text),
        Column("match_reasons", ARRAY(Text), nullable=False),
        Column("offer_id", Text),
        Column("commission_id", Text),
        Column("reason", Text),
    ],
)
"""`requested_by` and the like are who did it: a person's id, or a token's subject where it names no person."""
protect(support_requests.slices, DataClass.confidential, authority="authority", school="school_number")
Index("ix_support_request_slices_school", support_requests.slices.c.school_number)
Index("ix_support_request_slices_state", support_requests.slices.c.state)

offers = Record(
    "offer",
    "offers",
    metadata,
    [
        *_supported(),
        *_supporting(),
        Column("request_id", Text, nullable=False),
        Column("menu_item_id", Text, nullable=False),
        Column("support_type", Text, nullable=False),
        Column("days", Integer, nullable=False),
        Column("first_day", Date, nullable=False),
        Column("last_day", Date, nullable=False),
        Column("cost_pence", BigInteger, nullable=False),
        Column("paid_by", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("supported", Text, nullable=False),
        Column("supporting", Text, nullable=False),
        Column("paying_authority", Text, nullable=False),
        Column("expires_on", Date, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("reason", Text),
    ],
)
protect(
    offers.slices, DataClass.internal, authority="authority", school="school_number", other_side=SUPPORTING
)
Index("ix_offer_slices_request_id", offers.slices.c.request_id)
Index("ix_offer_slices_state", offers.slices.c.state, offers.slices.c.expires_on)

interests = Record(
    "interest",
    "interests",
    metadata,
    [
        *_supported(),
        *_supporting(),
        Column("request_id", Text, nullable=False),
        Column("ground", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("statement", Text, nullable=False),
        Column("declared_by", Text, nullable=False),
        Column("mitigation", Text),
        Column("mitigated_by", Text),
    ],
)
protect(
    interests.slices, DataClass.internal, authority="authority", school="school_number", other_side=SUPPORTING
)
Index("ix_interest_slices_request_id", interests.slices.c.request_id)

commissions = Record(
    "commission",
    "commissions",
    metadata,
    [
        *_supported(),
        *_supporting(),
        Column("request_id", Text, nullable=False),
        Column("offer_id", Text, nullable=False),
        Column("finding_id", Text, nullable=False),
        Column("menu_item_id", Text, nullable=False),
        Column("support_type", Text, nullable=False),
        Column("specialism", Text, nullable=False),
        Column("capacity_id", Text, nullable=False),
        Column("days", Integer, nullable=False),
        Column("days_used", Integer, nullable=False),
        Column("days_released", Integer, nullable=False),
        Column("cost_pence", BigInteger, nullable=False),
        Column("funding_stream", Text, nullable=False),
        Column("success_measure", Text, nullable=False),
        Column("school_year", Text, nullable=False),
        Column("first_day", Date, nullable=False),
        Column("last_day", Date, nullable=False),
        Column("counts_towards_ceiling", Boolean, nullable=False),
        Column("ceiling_days", Integer),
        Column("state", Text, nullable=False),
        Column("requested_on", Date, nullable=False),
        Column("commissioned_on", Date, nullable=False),
        Column("lead_working_days", Integer, nullable=False),
        Column("placed_by", Text, nullable=False),
        Column("delivered_on", Date),
        Column("closed_on", Date),
        Column("review", Text),
        Column("reason", Text),
    ],
)
protect(
    commissions.slices,
    DataClass.internal,
    authority="authority",
    school="school_number",
    other_side=SUPPORTING,
)
Index("ix_commission_slices_school", commissions.slices.c.school_number, commissions.slices.c.school_year)
commissions.slices.append_constraint(
    CheckConstraint("days_used >= 0 and days_used <= days", name="used_within_committed")
)

ceiling_overrides = Record(
    "ceiling",
    "ceiling_overrides",
    metadata,
    [
        *_supported(),
        Column("offer_id", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("school_year", Text, nullable=False),
        Column("extra_days", Integer, nullable=False),
        Column("ceiling_days", Integer),
        Column("committed_days", Integer, nullable=False),
        Column("scheme", Text),
        Column("category", Text),
        Column("reason", Text, nullable=False),
        Column("authorised_by", Text, nullable=False),
    ],
)
protect(ceiling_overrides.slices, DataClass.internal, authority="authority", school="school_number")
Index(
    "ix_ceiling_slices_school",
    ceiling_overrides.slices.c.school_number,
    ceiling_overrides.slices.c.school_year,
)

deliveries = Record(
    "delivery",
    "deliveries",
    metadata,
    [
        *_supported(),
        *_supporting(),
        Column("commission_id", Text, nullable=False),
        Column("delivered_on", Date, nullable=False),
        Column("days", Integer, nullable=False),
        Column("note", Text),
        Column("logged_by", Text, nullable=False),
    ],
)
protect(
    deliveries.slices,
    DataClass.internal,
    authority="authority",
    school="school_number",
    other_side=SUPPORTING,
)
Index("ix_delivery_slices_commission_id", deliveries.slices.c.commission_id)

impacts = Record(
    "impact",
    "impacts",
    metadata,
    [
        *_supported(),
        Column("commission_id", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("finding_id", Text, nullable=False),
        Column("support_type", Text, nullable=False),
        Column("menu_item_id", Text, nullable=False),
        Column("side", Text, nullable=False),
        Column("about_school", Text),
        Column("level", Text, nullable=False),
        Column("evidence", Text, nullable=False),
        Column("judged_on", Date, nullable=False),
        Column("judged_by", Text, nullable=False),
    ],
)
"""The id is `<commission>.<side>`: one judgement for each side. Only the supported side sees what it says (flows 1)."""
protect(impacts.slices, DataClass.confidential, authority="authority", school="school_number")
Index("ix_impact_slices_commission_id", impacts.slices.c.commission_id)

menu_evidence = Table(
    "menu_evidence",
    metadata,
    Column("menu_item_id", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("judgements", Integer, nullable=False),
)
"""How often an entry of the menu had which impact on a supported school: counts only, so everybody may know them."""

known_schools = known_schools_table(metadata)
"""Its row is what is locked while days are committed for the school, so that the ceiling holds under races."""

moved_schools = moved_schools_table(metadata)

known_findings = Table(
    "known_findings",
    metadata,
    Column("finding_id", Text, primary_key=True),
    Column("visit_id", Text, nullable=False),
    Column("school", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("published_on", Date, nullable=False),
    Column("told", BigInteger, nullable=False),
)
"""Published findings as visits told of them; others are unknown here."""
protect(known_findings, DataClass.confidential, authority="authority", school="school")

known_visits = Table(
    "known_visits",
    metadata,
    Column("visit_id", Text, primary_key=True),
    Column("school", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("adviser_id", Text, nullable=False),
    Column("told", BigInteger, nullable=False),
)
"""Who held a visit that became final, and so wrote its findings."""
protect(known_visits, DataClass.confidential, authority="authority", school="school")

known_categories = Table(
    "known_categories",
    metadata,
    Column("category_id", Text, primary_key=True),
    Column("dated", Date, primary_key=True),
    Column("number", Text, nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("ceiling_days", Integer),
    Column("ended", Date),
    Column("told", BigInteger, nullable=False),
)
"""Published support categories and the days that each allows. `ended`: the first day on which it holds no more."""

RIGHTS = PostsAndFootprints.declared_in(metadata)
"""What rights turn on: projected from the registry's events, for the policy."""
