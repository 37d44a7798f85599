"""The exchange: hears every service and keeps the one ordered log that outward contracts are made from."""

from pathlib import Path

import contracts.events  # noqa: F401  (registers every event class)
from contracts.event import EVENTS
from contracts.events import exchange as events
from contracts.text import Text
from eventing.reactions import reactions_of, topic_of
from exchange import reactions
from exchange.api import (
    chain,
    changes,
    digests,
    return_definitions,
    return_steps,
    returns,
    service_levels,
    subject_versions,
)
from exchange.storage.body_seats import memberships_of
from exchange.storage.tables import CHANGE_LOG, RIGHTS, metadata, shared
from exchange.usecases.measure_levels import measuring
from exchange.usecases.open_return import OPEN_RETURNS
from service_kit.service import Service

service = Service(
    name="exchange",
    title=Text("Exchange", "Cyfnewidfa"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[
        changes.router,
        digests.router,
        subject_versions.router,
        chain.router,
        return_definitions.router,
        returns.router,
        return_steps.router,
        service_levels.router,
    ],
    reactions=[*reactions_of(reactions), *RIGHTS.reactions()],
    projections=reactions.PROJECTIONS,
    listens_to=sorted({topic_of(event.PUBLISHER) for event in EVENTS.values()}),
    prompt=True,
    publishes=[event for event in EVENTS.values() if event.__module__ == events.__name__],
    clock_tasks=[OPEN_RETURNS],
    settled_tasks=measuring,
    logs=[CHANGE_LOG],
    memberships=memberships_of,
)
