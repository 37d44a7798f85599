"""Who asks, about which record: what the domain needs of a caller, decided by the policy for each row."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from sqlalchemy import ColumnElement, or_

from brokerage.domain.caller import Caller
from brokerage.storage.tables import SUPPORTING
from contracts.data_class import DataClass
from service_kit.call import RequestCall
from service_kit.policy.decide import decide
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope

_OF_SUPPORTED: Final[Mapping[str, DataClass]] = {
    "support_requests.write": DataClass.confidential,
    "support_requests.broker": DataClass.confidential,
    "commissions.write": DataClass.internal,
    "commissions.override": DataClass.internal,
    "impacts.write": DataClass.confidential,
}
"""Operations on the supported side alone, with the class of what they write."""
_OF_BOTH: Final = ("offers.answer", "deliveries.write")
"""Operations that either side may have."""


class Asking:
    """One request as the rules see it. Made inside its transaction: until then memberships are not known."""

    def __init__(self, call: RequestCall) -> None:
        self._call = call

    def _rows(self, operation: str, data_class: DataClass) -> RowScope:
        call = self._call
        return decide(call.principal, operation, call.memberships, call.serving.roles).rows(data_class)

    @cached_property
    def _supported(self) -> Mapping[str, RowScope]:
        return {operation: self._rows(operation, of) for operation, of in _OF_SUPPORTED.items()}

    @cached_property
    def _both(self) -> Mapping[str, RowScope]:
        return {operation: self._rows(operation, DataClass.internal) for operation in _OF_BOTH}

    @property
    def who(self) -> str:
        """The person, or the token's subject where it names no person."""
        return self._call.principal.person_id or self._call.principal.subject

    def about(self, row: Mapping[str, Any]) -> Caller:
        """The caller as far as one record is concerned."""
        supported = (row["authority"], row["school_number"])
        supporting = tuple(row.get(SUPPORTING[kind]) for kind in ("authority", "school", "person"))
        may = {name for name, scope in self._supported.items() if scope.covers(*supported)}
        may |= {
            name
            for name, scope in self._both.items()
            if scope.covers(*supported) or scope.covers(*supporting)
        }
        grants = self._call.principal.grants
        return Caller(
            self.who,
            frozenset(may),
            frozenset(g.school for g in grants if g.role == "head" and g.school)
            or self._call.memberships.schools.get("head", frozenset()),
            frozenset(g.authority for g in grants if g.role in ("lead_officer", "director") and g.authority),
        )


def of_both_sides(scope: RowScope, columns: Any) -> ColumnElement[bool]:
    """The condition for rows of which a scope covers the supported or the supporting side."""
    return or_(
        row_predicate(scope, authority=columns.authority, school=columns.school_number),
        row_predicate(
            scope,
            authority=columns.provider_authority,
            school=columns.provider_school,
            person=columns.provider_person,
        ),
    )
