"""A commission's states, what bars a step, and its days [flows 2; domain 5.2; D-14, D-18]."""

from dataclasses import dataclass
from typing import Final

from brokerage.domain.caller import Caller
from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, step
from contracts.text import Text

_START = step("start", "in_delivery", "deliveries.write", "Begin delivery", "Dechrau darparu")
_REVIEW = step("review", "reviewed", "deliveries.write", "Review on the way", "Adolygu ar y ffordd")
_DELIVER = step(
    "deliver", "delivered", "deliveries.write", "Record as delivered", "Cofnodi fel un a ddarparwyd"
)
_STOP = step("stop", "stopped", "commissions.write", "Stop", "Atal")
_CLOSE = step("close", "closed", "commissions.write", "Close", "Cau")


def _log(state: str) -> Step:
    return step("log", state, "deliveries.write", "Log days delivered", "Cofnodi diwrnodau a ddarparwyd")


def _extend(state: str) -> Step:
    return step("extend", state, "commissions.write", "Extend", "Ymestyn")


def _judge(state: str) -> Step:
    return step("judge", state, "impacts.write", "Judge its impact", "Barnu ei effaith")


COMMISSION_STEPS: Final[Steps] = {
    "commissioned": (_START, _extend("commissioned"), _STOP),
    "in_delivery": (_log("in_delivery"), _REVIEW, _extend("in_delivery"), _STOP),
    "reviewed": (_log("reviewed"), _DELIVER, _extend("reviewed"), _STOP),
    "delivered": (_judge("delivered"),),
    "evaluated": (_CLOSE,),
    "closed": (),
    "stopped": (),
}
"""The steps that somebody asks for. From `delivered` the judgement of the second side leads to `evaluated`."""

COMMITTED: Final = frozenset({"commissioned", "in_delivery", "reviewed"})
"""States in which days that were not used are still reserved."""
DELIVERED: Final = frozenset({"delivered", "evaluated", "closed"})
BOTH_SIDES: Final = frozenset({"supported", "supporting"})

PROVIDER_CANNOT_JUDGE: Final = Barred(
    "provider_cannot_judge",
    Text(
        "The provider does not judge the impact of its own support.",
        "Nid yw'r darparwr yn barnu effaith ei gymorth ei hun.",
    ),
)
SCHOOL_CLOSED: Final = Barred(
    "school_closed",
    Text(
        "The school is closed: nothing new is commissioned for it.",
        "Mae'r ysgol wedi cau: ni chomisiynir dim byd newydd ar ei chyfer.",
    ),
)


@dataclass(frozen=True, slots=True)
class CommissionNow:
    """What decides a step, beside the state: who provides, and whether the supported school is closed."""

    provider_person: str | None = None
    provider_school: str | None = None
    school_closed: bool = False


def why_not(asked: Step, commission: CommissionNow, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    if asked.name == "judge" and caller.provides(commission.provider_person, commission.provider_school):
        return PROVIDER_CANNOT_JUDGE
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if asked.name == "extend" and commission.school_closed:
        return SCHOOL_CLOSED
    return None


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one commission: committed, used, and released again. `used` never exceeds `committed`."""

    committed: int
    used: int = 0
    released: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError where more would be used than committed."""
        if not 0 <= self.used <= self.committed or self.released < 0:
            raise ValueError(f"days that cannot be: {self}")

    @property
    def unused(self) -> int:
        """Committed and not used."""
        return self.committed - self.used

    def after_delivery(self, days: int) -> "Days":
        """With further days used. Raises ValueError where they exceed what is committed."""
        return Days(self.committed, self.used + days, self.released)

    def extended(self, days: int) -> "Days":
        """With further days committed."""
        return Days(self.committed + days, self.used, self.released)

    def without_unused(self) -> "Days":
        """As it ends: what was not used is released."""
        return Days(self.used, self.used, self.released + self.unused)
