"""Reading records of bodies: who may see which rows, and what is known now."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from contracts.data_class import DataClass
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from service_kit.records import Record

Scopes = Mapping[DataClass, RowScope]


def visible(record: Record, scopes: Scopes) -> ColumnElement[bool]:
    """The slices that a caller may see: each row has its own class, and is its body's until it is public."""
    columns = record.slices.c
    return or_(
        *(
            and_(columns.data_class == data_class.value, row_predicate(scope, body=columns.body_id))
            for data_class, scope in scopes.items()
        )
    )


def now_of(record: Record, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Slices as known now, whatever the day: for records that hold always."""
    return select(record.slices).where(func.upper_inf(record.slices.c.known), *conditions)
