"""Which records of visits bear documents; the routes are the kit's."""

from collections.abc import Mapping

from contracts.data_class import DataClass
from contracts.events.visits_documents import (
    VisitsDocumentAdded,
    VisitsDocumentAttached,
    VisitsDocumentRefused,
    VisitsDocumentReleased,
    VisitsDocumentRemoved,
)
from contracts.text import Text
from service_kit.call import RequestCall
from service_kit.documents import Access, DocumentEvents, DocumentKind, Documents
from service_kit.policy.decide import decide
from service_kit.policy.scope import RowScope
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.storage.documents import documents, of_findings, of_visits


def _writing(call: RequestCall) -> RowScope:
    """Where the caller writes visits; a right to add documents alone is none to add them to a visit."""
    decision = decide(call.principal, "visits.write", call.memberships, call.serving.roles)
    return decision.rows(DataClass.confidential)


async def _access(call: RequestCall, _: UnitOfWork) -> Mapping[str, Access]:
    stages, writing = Asking(call).stages, _writing(call)
    return {"visit": of_visits(stages, writing), "finding": of_findings(stages, writing)}


DOCUMENTS = Documents(
    documents,
    [
        DocumentKind("visit", "visits", Text("Visit", "Ymweliad")),
        DocumentKind("finding", "findings", Text("Finding", "Canfyddiad")),
    ],
    _access,
    DocumentEvents(
        VisitsDocumentAdded,
        VisitsDocumentReleased,
        VisitsDocumentRefused,
        VisitsDocumentAttached,
        VisitsDocumentRemoved,
    ),
)
