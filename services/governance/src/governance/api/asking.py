"""Who asks, about which body: what queries and rules need of a caller, decided by the policy for each body."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from contracts.data_class import DataClass
from governance.domain.caller import Caller
from governance.storage.memberships import HeldSeat, seats_of
from governance.storage.reading import Scopes
from service_kit.call import RequestCall
from service_kit.policy.decide import decide
from service_kit.policy.scope import RowScope
from service_kit.unit_of_work import UnitOfWork

_STEPS: Final = (
    "meetings.write", "meetings.agree", "meetings.chair", "minutes.write", "resolutions.write", "decisions.write",
    "decisions.call_in", "references.write",
)  # fmt: skip


class Asking:
    """One request as the rules see it. Made inside its transaction: until then memberships are not known."""

    def __init__(self, call: RequestCall, seats: Sequence[HeldSeat]) -> None:
        self._call = call
        self._seats = seats

    @classmethod
    async def of(cls, call: RequestCall, uow: UnitOfWork) -> "Asking":
        """The caller with the seats that it holds today."""
        return cls(call, await seats_of(uow.connection, call.principal.person_id, call.clock.today()))

    def _rows(self, operation: str, data_class: DataClass) -> RowScope:
        call = self._call
        return decide(call.principal, operation, call.memberships, call.serving.roles).rows(data_class)

    def scopes(self, operation: str) -> Scopes:
        """The rows of each class that the caller may see."""
        kept = (DataClass.public, DataClass.internal, DataClass.confidential)
        return {data_class: self._rows(operation, data_class) for data_class in kept}

    @cached_property
    def _by_step(self) -> Mapping[str, RowScope]:
        return {operation: self._rows(operation, DataClass.public) for operation in _STEPS}

    def _may(self, body_id: str | None) -> frozenset[str]:
        if body_id is None:
            return frozenset()
        return frozenset(step for step, scope in self._by_step.items() if scope.covers(body=body_id))

    def about(self, body_id: str, other_side: str | None = None) -> Caller:
        """The caller as far as one body's record is concerned, and the second body of a decision or reference."""
        held = [seat for seat in self._seats if seat.body_id == body_id]
        return Caller(
            self._may(body_id),
            frozenset(seat.seat for seat in held),
            frozenset(seat.office for seat in held if seat.office is not None),
            self._may(other_side),
        )
