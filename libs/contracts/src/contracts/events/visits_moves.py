"""What `visits` publishes when a school goes to another authority: every record of the school follows it."""

from functools import partial
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.document_facts import DocumentFacts
from contracts.event import Moved, event
from contracts.events.visits import (
    ActionAgreed,
    ActionFacts,
    FindingFacts,
    FindingPublished,
    VisitFacts,
    VisitHeld,
)
from contracts.events.visits_categories import (
    CategoryFacts,
    CategoryHeld,
    CategoryPublished,
    CategorySelfEvaluated,
    MonitoringBecameDue,
    MonitoringFacts,
)
from contracts.events.visits_documents import VisitsDocumentAdded

_MOVE: dict[str, Any] = {
    "authority": "681",
    "school": "6812399",
    "from_authority": "673",
    "from_school": "6732118",
}
_moved = partial(event, publisher="visits", happened="moved", data_class=DataClass.confidential)


@_moved(aggregate="visit")
class VisitMoved(VisitFacts, Moved):
    """A visit follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**VisitHeld.EXAMPLE, **_MOVE}


@_moved(aggregate="finding")
class FindingMoved(FindingFacts, Moved):
    """A finding follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**FindingPublished.EXAMPLE, **_MOVE}


@_moved(aggregate="action")
class ActionMoved(ActionFacts, Moved):
    """An action follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**ActionAgreed.EXAMPLE, **_MOVE}


@event(publisher="visits", aggregate="category", happened="moved", data_class=DataClass.public)
class CategoryMoved(CategoryHeld, Moved):
    """A public category follows its school to another authority: its days and value are what they were."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**CategoryPublished.EXAMPLE, **_MOVE}


@event(
    publisher="visits",
    aggregate="category",
    happened="moved_in_confidence",
    data_class=DataClass.confidential,
)
class CategoryMovedInConfidence(CategoryFacts, Moved):
    """A category that is not public, or that does not hold yet, follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**CategorySelfEvaluated.EXAMPLE, **_MOVE}


@_moved(aggregate="monitoring")
class MonitoringMoved(MonitoringFacts, Moved):
    """Monitoring that is due or met follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**MonitoringBecameDue.EXAMPLE, **_MOVE}


@event(publisher="visits", aggregate="document", happened="moved")
class VisitsDocumentMoved(DocumentFacts, Moved):
    """A document of a visit or finding follows the school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**VisitsDocumentAdded.EXAMPLE, **_MOVE}
