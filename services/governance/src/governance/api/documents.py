"""Which records of governance bear documents; the routes are the kit's."""

from collections.abc import Callable, Mapping

from contracts.data_class import DataClass
from contracts.events.governance_documents import (
    GovernanceDocumentAdded,
    GovernanceDocumentAttached,
    GovernanceDocumentRefused,
    GovernanceDocumentReleased,
    GovernanceDocumentRemoved,
)
from contracts.text import Text
from governance.api.asking import Asking
from governance.storage import documents
from governance.storage.reading import Scopes
from service_kit.call import RequestCall
from service_kit.documents import Access, DocumentEvents, DocumentKind, Documents
from service_kit.policy.decide import decide
from service_kit.policy.scope import RowScope
from service_kit.unit_of_work import UnitOfWork

_KINDS: Mapping[str, tuple[str, Callable[[Scopes, RowScope], Access]]] = {
    "meeting": ("meetings", documents.of_meetings),
    "agenda_item": ("agenda_items", documents.of_agenda_items),
    "minutes": ("minutes", documents.of_minutes),
    "reference": ("references", documents.of_references),
}
"""By kind: the resource whose rights decide. Files are read with their record, and changed by whoever writes it."""


async def _access(call: RequestCall, uow: UnitOfWork) -> Mapping[str, Access]:
    asking = await Asking.of(call, uow)
    found = {}
    for kind, (resource, of) in _KINDS.items():
        writes = decide(call.principal, f"{resource}.write", call.memberships, call.serving.roles)
        found[kind] = of(asking.scopes(f"{resource}.read"), writes.rows(DataClass.public))
    return found


DOCUMENTS = Documents(
    documents.documents,
    [
        DocumentKind("meeting", "meetings", Text("Meeting", "Cyfarfod")),
        DocumentKind("agenda_item", "agenda-items", Text("Agenda item", "Eitem agenda")),
        DocumentKind("minutes", "minutes", Text("Minutes of a meeting", "Cofnodion cyfarfod")),
        DocumentKind("reference", "references", Text("Reference between bodies", "Atgyfeiriad rhwng cyrff")),
    ],
    _access,
    DocumentEvents(
        GovernanceDocumentAdded,
        GovernanceDocumentReleased,
        GovernanceDocumentRefused,
        GovernanceDocumentAttached,
        GovernanceDocumentRemoved,
    ),
)
