"""The brokerage of support, as the process runner and the tools know it."""

from pathlib import Path

from brokerage import reactions
from brokerage.api import (
    commission_steps,
    commissions,
    interests,
    menu_items,
    offers,
    providers,
    support_days,
    support_requests,
)
from brokerage.storage.known import schools_of
from brokerage.storage.tables import RIGHTS, metadata, shared
from brokerage.usecases.clock_tasks import CLOCK_TASKS
from contracts.event import EVENTS
from contracts.text import Text
from eventing.reactions import reactions_of
from service_kit.service import Service

_RESOURCES = (
    menu_items, providers, support_requests, offers, interests, commissions, commission_steps, support_days,
)  # fmt: skip

service = Service(
    name="brokerage",
    title=Text("Brokerage of support", "Broceru cymorth"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[resource.router for resource in _RESOURCES],
    reactions=[*reactions_of(reactions), *RIGHTS.reactions(announced=schools_of)],
    projections=reactions.PROJECTIONS,
    publishes=[cls for _, cls in sorted(EVENTS.items()) if cls.PUBLISHER == "brokerage"],
    clock_tasks=CLOCK_TASKS,
    memberships=RIGHTS.memberships_of,
)
