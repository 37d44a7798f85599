"""Which operation lets a caller read an aggregate: so that feed, webhook and export ask what the read itself asks."""

from collections.abc import Mapping

READ_OPERATIONS: Mapping[tuple[str, str], str] = {
    ("registry", "school"): "schools.read",
    ("registry", "transfer"): "schools.read",
    ("registry", "contact"): "contacts.read",
    ("registry", "list"): "lists.read",
    ("registry", "regime"): "regimes.read",
    ("registry", "calendar"): "calendars.read",
    ("registry", "footprint"): "footprints.read",
    ("registry", "person"): "people.read",
    ("registry", "role"): "roles.read",
    ("registry", "adviser"): "allocations.read",
    ("registry", "liaison"): "liaisons.read",
    ("registry", "authority"): "authorities.read",
    # A visit's rights turn on its stage, which an entry of the feed does not tell: only who sees every stage is told.
    ("visits", "visit"): "draft_visits.read",
    ("visits", "finding"): "draft_visits.read",
    ("visits", "action"): "actions.read",
    ("visits", "category"): "categories.read",
    ("visits", "monitoring"): "monitoring.read",
    ("visits", "document"): "draft_visits.read",
    ("brokerage", "menu_item"): "support_menu.read",
    ("brokerage", "provider"): "providers.read",
    ("brokerage", "capacity"): "providers.read",
    ("brokerage", "support_request"): "support_requests.read",
    ("brokerage", "offer"): "offers.read",
    ("brokerage", "interest"): "interests.read",
    ("brokerage", "ceiling"): "commissions.read",
    ("brokerage", "commission"): "commissions.read",
    ("brokerage", "delivery"): "commissions.read",
    ("brokerage", "impact"): "impacts.read",
    ("governance", "body"): "bodies.read",
    ("governance", "member"): "bodies.read",
    ("governance", "meeting"): "meetings.read",
    ("governance", "agenda_item"): "agenda_items.read",
    ("governance", "attendance"): "proceedings.read",
    ("governance", "declaration"): "proceedings.read",
    ("governance", "vote"): "proceedings.read",
    ("governance", "resolution"): "resolutions.read",
    ("governance", "minutes"): "minutes.read",
    ("governance", "decision"): "decisions.read",
    ("governance", "reference"): "references.read",
    ("governance", "document"): "proceedings.read",
    ("exchange", "return"): "returns.read",
}
"""By publisher and aggregate. An aggregate that is not named here is shown to nobody."""

ROUTE_OPERATIONS: Mapping[tuple[str, str], str] = {
    ("visits", "visit"): "visits.read",
    ("visits", "finding"): "visits.read",
    ("visits", "document"): "documents.read",
    ("governance", "document"): "documents.read",
}
"""Where the rows of a record are decided by another operation than that of its route: a token must be open to both."""
