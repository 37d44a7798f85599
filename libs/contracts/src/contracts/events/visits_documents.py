"""What `visits` publishes about documents: files attached to visits and findings."""

from functools import partial
from typing import Any, ClassVar

from contracts.document_facts import DocumentFacts, example
from contracts.event import Change, event

_event = partial(event, publisher="visits", aggregate="document")
_EXAMPLE: dict[str, Any] = example("visits", "visit", authority="673", school="6732118")


@_event(happened="added")
class VisitsDocumentAdded(DocumentFacts):
    """A file was added; while it is in quarantine nobody can download it."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"state": "quarantined"}


@_event(happened="released")
class VisitsDocumentReleased(DocumentFacts):
    """The scanner found nothing: the file left its quarantine."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE


@_event(happened="refused")
class VisitsDocumentRefused(DocumentFacts):
    """The scanner found something: the file stays closed, and its bytes are deleted."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"state": "refused"}


@_event(happened="attached")
class VisitsDocumentAttached(DocumentFacts):
    """The document was attached to a further record."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"changed": ["records"]}


@_event(happened="removed", change=Change.delete)
class VisitsDocumentRemoved(DocumentFacts):
    """The file was removed; what is known of it stays, its bytes are deleted."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"state": "removed"}
