"""Which records of governance bear documents; the routes are the kit's."""

from collections.abc import Callable

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
from service_kit.documents.kinds import AccessOf
from service_kit.policy.decide import decide
from service_kit.policy.scope import RowScope
from service_kit.unit_of_work import UnitOfWork


def _access(resource: str, of: Callable[[Scopes, RowScope], Access]) -> AccessOf:
    """Files are read with their record, and changed by whoever writes it."""

    async def access(call: RequestCall, uow: UnitOfWork) -> Access:
        asking = await Asking.of(call, uow)
        decision = decide(call.principal, f"{resource}.write", call.memberships, call.serving.roles)
        return of(asking.scopes(f"{resource}.read"), decision.rows(DataClass.public))

    return access


DOCUMENTS = Documents(
    documents.documents,
    [
        DocumentKind(
            "meeting", "meetings", Text("Meeting", "Cyfarfod"), _access("meetings", documents.of_meetings)
        ),
        DocumentKind(
            "agenda_item",
            "agenda-items",
            Text("Agenda item", "Eitem agenda"),
            _access("agenda_items", documents.of_agenda_items),
        ),
        DocumentKind(
            "minutes",
            "minutes",
            Text("Minutes of a meeting", "Cofnodion cyfarfod"),
            _access("minutes", documents.of_minutes),
        ),
        DocumentKind(
            "reference",
            "references",
            Text("Reference between bodies", "Atgyfeiriad rhwng cyrff"),
            _access("references", documents.of_references),
        ),
    ],
    DocumentEvents(
        GovernanceDocumentAdded,
        GovernanceDocumentReleased,
        GovernanceDocumentRefused,
        GovernanceDocumentAttached,
        GovernanceDocumentRemoved,
    ),
)
