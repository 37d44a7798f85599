"""Which records of visits follow a school to another authority, and how each is told."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from contracts.data_class import DataClass
from contracts.events.visits_moves import (
    ActionMoved,
    CategoryMoved,
    CategoryMovedInConfidence,
    FindingMoved,
    MonitoringMoved,
    VisitMoved,
    VisitsDocumentMoved,
)
from service_kit.documents.writing import write_of
from service_kit.moving import Move, Moving, told_as
from service_kit.records import Write
from visits.storage.documents import documents
from visits.storage.tables import actions, categories, findings, monitoring, visits
from visits.usecases.judge_category import category_write
from visits.usecases.visit_writes import visit_write


def _visit(id_: str, values: Mapping[str, Any]) -> Write:
    return visit_write(id_, VisitMoved, values)


def _category(id_: str, values: Mapping[str, Any]) -> Write:
    public = values["data_class"] == DataClass.public
    return category_write(id_, CategoryMoved if public else CategoryMovedInConfidence, values)


def _holding(values: dict[str, Any], move: Move) -> dict[str, Any]:
    """A category that holds, holds for the school's new number: a second one of the same day is still refused."""
    held = values["holds_for"] == move.old_number
    return values | ({"holds_for": move.new_number} if held else {})


KINDS: Final = (
    Moving(visits, _visit),
    Moving(findings, told_as(FindingMoved, "findings", "finding_id")),
    Moving(actions, told_as(ActionMoved, "actions", "action_id")),
    Moving(categories, _category, renamed=_holding),
    Moving(documents.documents, partial(write_of, VisitsDocumentMoved)),
    Moving(monitoring, told_as(MonitoringMoved, "monitoring", "monitoring_id")),
)
