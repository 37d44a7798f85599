"""Governance: bodies, their meetings, what they decide, and what becomes of it."""

from pathlib import Path

from contracts.events import governance as events
from contracts.events import governance_decisions as decided
from contracts.text import Text
from governance.reactions import keep_known_school
from governance.storage.memberships import memberships_of
from governance.storage.tables import metadata, shared
from service_kit.service import Service

service = Service(
    name="governance",
    title=Text("Governance", "Llywodraethiant"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    memberships=memberships_of,
)
