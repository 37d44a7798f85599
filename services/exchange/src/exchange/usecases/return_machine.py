"""The states of a return on the contract of `allowed_transitions`: one function decides answer and command."""

from collections.abc import Sequence
from typing import Any

from exchange.domain.lifecycle import RETURN_STEPS, Asker, ReturnNow, Step, why_not
from exchange.domain.rules import Finding, Remark, unanswered
from exchange.storage.returns import Version
from service_kit.transitions import Reason, StateMachine, Transition, WhyNot

RETURN = StateMachine(
    {state: tuple(Transition(s.name, s.to, s.title) for s in out) for state, out in RETURN_STEPS.items()}
)
_STEPS: dict[str, Step] = {step.name: step for out in RETURN_STEPS.values() for step in out}


def remarks_of(row: Version) -> tuple[Remark, ...]:
    """The comments and waivers of a version."""
    return tuple(Remark(**remark) for remark in row["remarks"])


def findings_of(rows: Sequence[dict[str, Any]]) -> list[Finding]:
    """The findings of a version as they are stored."""
    return [Finding(**row) for row in rows]


def return_why_not(row: Version, asker: Asker) -> WhyNot:
    """What bars the steps of a version for a caller."""
    errors, warnings = unanswered(findings_of(row["findings"]), remarks_of(row))
    now = ReturnNow(
        kind=row["kind"],
        state=row["state"],
        unwaived_errors=errors,
        uncommented_warnings=warnings,
        frozen_by=row["frozen_by"],
        signed_first_by=row["signed_first_by"],
        signed_second_by=row["signed_second_by"],
        void_asked_by=row["void_asked_by"],
    )

    def bars(transition: Transition) -> Reason | None:
        barred = why_not(_STEPS[transition.name], now, asker)
        return Reason(barred.code, barred.text) if barred is not None else None

    return bars
