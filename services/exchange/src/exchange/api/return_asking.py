"""Who asks about which return: roles and operations that the caller has for its organisation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from contracts.data_class import DataClass
from exchange.domain.lifecycle import Asker
from exchange.storage.returns import Version
from exchange.storage.whole_log import is_registered
from exchange.usecases.return_machine import RETURN, return_why_not
from service_kit.auth.principal import Principal
from service_kit.call import RequestCall
from service_kit.policy.decide import decide
from service_kit.policy.scope import RowScope
from service_kit.transitions import allowed
from service_kit.unit_of_work import UnitOfWork

_STEPS: Final = ("returns.write", "returns.freeze", "returns.sign", "returns.acknowledge")


class Asking:
    """One request as the rules of the return see it; begun inside its transaction, where memberships are known."""

    def __init__(self, call: RequestCall, *, registered: bool) -> None:
        self._call = call
        self._registered = registered

    @classmethod
    async def begun(cls, call: RequestCall, uow: UnitOfWork) -> "Asking":
        """Asks the register's events once whether the caller is a person of it."""
        person = call.principal.person_id
        registered = person is not None and await is_registered(uow.connection, call.decision, person)
        return cls(call, registered=registered)

    def asker(self, row: Version) -> Asker:
        """The caller as far as one version is concerned."""
        principal = self._call.principal
        return Asker(
            principal.person_id,
            self._registered,
            frozenset(
                grant.role
                for grant in principal.grants
                if self._covers(replace(principal, grants=(grant,)), "returns.sign", row)
            ),
            frozenset(operation for operation in _STEPS if self._covers(principal, operation, row)),
        )

    def shaped(self, row: Version) -> Mapping[str, Any]:
        """A version as its view has it, with the steps that may follow."""
        why_not = return_why_not(row, self.asker(row))
        return {**row, "allowed_transitions": allowed(RETURN, row["state"], why_not, self._call.language)}

    def _covers(self, principal: Principal, operation: str, row: Version) -> bool:
        decision = decide(principal, operation, self._call.memberships, self._call.serving.roles)
        scope: RowScope = decision.rows(DataClass(row["data_class"]))
        return scope.covers(authority=row["authority"], body=row["body"])
