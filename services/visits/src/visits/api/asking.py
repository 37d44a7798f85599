"""Who asks, about which record: what the domain needs of a caller, decided by the policy for each row."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from contracts.data_class import DataClass
from service_kit.call import RequestCall
from service_kit.policy.decide import decide
from service_kit.policy.scope import RowScope
from visits.domain.caller import Caller
from visits.storage.visits import Stages

_STEPS: Final = (
    "visits.write", "visits.assure", "visits.reply", "actions.write", "actions.own", "actions.verify",
    "categories.propose", "categories.respond", "categories.moderate",
)  # fmt: skip


class Asking:
    """One request as the rules see it. Made inside its transaction: until then memberships are not known."""

    def __init__(self, call: RequestCall) -> None:
        self._call = call

    def _rows(self, operation: str) -> RowScope:
        call = self._call
        decision = decide(call.principal, operation, call.memberships, call.serving.roles)
        return decision.rows(DataClass.confidential)

    @cached_property
    def stages(self) -> Stages:
        """Which visits may be seen at which stage."""
        return Stages(
            self._rows("draft_visits.read"), self._rows("shared_visits.read"), self._rows("visits.read")
        )

    @cached_property
    def _by_step(self) -> Mapping[str, RowScope]:
        return {operation: self._rows(operation) for operation in _STEPS}

    @cached_property
    def _by_role(self) -> Mapping[str, RowScope]:
        """Where each role of the caller acts as an owner: a head of one school may be an adviser of another."""
        call = self._call
        return {
            grant.role: decide(
                replace(call.principal, grants=(grant,)), "actions.own", call.memberships, call.serving.roles
            ).rows(DataClass.confidential)
            for grant in call.principal.grants
        }

    def about(self, row: Mapping[str, Any]) -> Caller:
        """The caller as far as one school's record is concerned."""
        of = (row["authority"], row["school_number"])
        principal = self._call.principal
        return Caller(
            principal.person_id or principal.subject,
            frozenset(role for role, scope in self._by_role.items() if scope.covers(*of)),
            frozenset(operation for operation, scope in self._by_step.items() if scope.covers(*of)),
        )
