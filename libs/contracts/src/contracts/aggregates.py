"""Which operation lets a caller read an aggregate: so that feed, webhook and export ask what the read itself asks."""

from collections.abc import Mapping

READ_OPERATIONS: Mapping[tuple[str, str], str] = {
    ("registry", "school"): "schools.read",
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
}
"""By publisher and aggregate. An aggregate that is not named here is shown to nobody."""
