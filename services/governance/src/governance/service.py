"""Governance: bodies, their meetings, what they decide, and what becomes of it."""

from pathlib import Path

from contracts.event import EVENTS
from contracts.text import Text
from eventing.reactions import reactions_of
from governance import reactions
from governance.api import (
    agenda_items,
    bodies,
    body_members,
    constitutions,
    decisions,
    meetings,
    minutes,
    proceedings,
    references,
    resolutions,
)
from governance.api.documents import DOCUMENTS
from governance.storage.memberships import memberships_of
from governance.storage.tables import metadata, shared
from governance.usecases.clock_tasks import CLOCK_TASKS
from service_kit.service import Service

_RESOURCES = (
    constitutions, bodies, body_members, meetings, agenda_items, proceedings, resolutions, minutes, decisions,
    references,
)  # fmt: skip

service = Service(
    name="governance",
    title=Text("Governance", "Llywodraethiant"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[resource.router for resource in _RESOURCES],
    reactions=reactions_of(reactions),
    projections=reactions.PROJECTIONS,
    publishes=[event for event in EVENTS.values() if event.PUBLISHER == "governance"],
    clock_tasks=CLOCK_TASKS,
    memberships=memberships_of,
    documents=DOCUMENTS,
)
