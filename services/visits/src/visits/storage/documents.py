"""Evidence: the files of visits and findings, and who may read and change them."""

from sqlalchemy import ColumnElement, func, literal, select

from contracts.data_class import DataClass
from service_kit.documents.kinds import Access
from service_kit.documents.tables import document_tables
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from visits.domain.visits import FILES_OPEN
from visits.storage.tables import findings, metadata, visits
from visits.storage.visits import COLUMNS, Stages

documents = document_tables(metadata, {"visit": visits, "finding": findings})

_EVERY_CLASS = frozenset({DataClass.public, DataClass.internal, DataClass.confidential})
_FINDING = findings.slices.c


def _now(columns: object = COLUMNS) -> ColumnElement[bool]:
    return func.upper_inf(columns.known)  # type: ignore[attr-defined]


def of_visits(stages: Stages, writing: RowScope) -> Access:
    """Files of visits: read with the visit as it stands now, changed by whoever writes it until it is final."""
    written = row_predicate(writing, authority=COLUMNS.authority, school=COLUMNS.school_number)
    visit = select(COLUMNS.id)
    return Access(
        readable=[(_EVERY_CLASS, visit.where(_now(), stages.visible))],
        writable=visit.where(_now(), written),
        open=visit.where(_now(), COLUMNS.state.in_(sorted(FILES_OPEN))),
        facts=select(
            COLUMNS.id,
            COLUMNS.authority,
            COLUMNS.school_number,
            literal(None).label("body_id"),
            literal(DataClass.confidential.value).label("data_class"),
        ).where(_now()),
    )


def of_findings(stages: Stages, writing: RowScope) -> Access:
    """Files of findings: as those of their visit; of a finding withdrawn none is added."""
    written = row_predicate(writing, authority=_FINDING.authority, school=_FINDING.school_number)
    finding = select(_FINDING.id).where(_now(_FINDING))
    settled = select(COLUMNS.id).where(_now(), COLUMNS.state.in_(sorted(FILES_OPEN)))
    return Access(
        readable=[(_EVERY_CLASS, finding.where(stages.visible_findings))],
        writable=finding.where(written),
        open=finding.where(_FINDING.state == "recorded", _FINDING.visit_id.in_(settled)),
        facts=select(
            _FINDING.id,
            _FINDING.authority,
            _FINDING.school_number,
            literal(None).label("body_id"),
            literal(DataClass.confidential.value).label("data_class"),
        ).where(_now(_FINDING)),
    )
