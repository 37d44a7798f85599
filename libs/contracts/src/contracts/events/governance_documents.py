"""What `governance` publishes about documents: files attached to meetings, agenda items, minutes and references."""

from functools import partial
from typing import Any, ClassVar

from contracts.document_facts import DocumentFacts, example
from contracts.event import Change, event

_event = partial(event, publisher="governance", aggregate="document")
_EXAMPLE: dict[str, Any] = example(
    "governance", "agenda_item", classification="public", body_id="csc_joint_committee"
)


@_event(happened="added")
class GovernanceDocumentAdded(DocumentFacts):
    """A file was added; while it is in quarantine nobody can download it."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"state": "quarantined"}


@_event(happened="released")
class GovernanceDocumentReleased(DocumentFacts):
    """The scanner found nothing: the file left its quarantine."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE


@_event(happened="refused")
class GovernanceDocumentRefused(DocumentFacts):
    """The scanner found something: the file stays closed, and its bytes are deleted."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"state": "refused"}


@_event(happened="attached")
class GovernanceDocumentAttached(DocumentFacts):
    """The document was attached to a further record."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"changed": ["records"]}


@_event(happened="removed", change=Change.delete)
class GovernanceDocumentRemoved(DocumentFacts):
    """The file was removed; what is known of it stays, its bytes are deleted."""

    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE | {"state": "removed"}
