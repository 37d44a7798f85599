"""Visits: planned and held, findings and actions, support categories, monitoring that falls due."""

from pathlib import Path

from contracts.event import EVENTS
from contracts.events import visits, visits_categories, visits_documents, visits_moves
from contracts.text import Text
from eventing.reactions import reactions_of
from service_kit.service import Service
from visits import reactions
from visits.api import actions, categories, category_imports, conventions, findings, overview, visit_steps
from visits.api import visits as visits_api
from visits.api.documents import DOCUMENTS
from visits.storage.known import schools_of
from visits.storage.tables import RIGHTS, metadata, shared
from visits.usecases.clock_tasks import CLOCK_TASKS
from visits.usecases.import_categories import IMPORT

_RESOURCES = (visits_api, visit_steps, findings, actions, categories, category_imports, overview, conventions)
_DECLARED_IN = {visits.__name__, visits_categories.__name__, visits_moves.__name__, visits_documents.__name__}

service = Service(
    name="visits",
    title=Text("Visits", "Ymweliadau"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[resource.router for resource in _RESOURCES],
    reactions=[*reactions_of(reactions), *RIGHTS.reactions(announced=schools_of)],
    projections=reactions.PROJECTIONS,
    publishes=[event for event in EVENTS.values() if event.__module__ in _DECLARED_IN],
    jobs=[IMPORT],
    clock_tasks=CLOCK_TASKS,
    memberships=RIGHTS.memberships_of,
    documents=DOCUMENTS,
)
