"""What may happen to a record next, and for each step that is barred, why: asked of the function that decides it.

OPENING = Transition("open", "open", Text("Open the school", "Agor yr ysgol"))
SCHOOL = StateMachine({"proposed": (OPENING,), "open": (CLOSING,), "closed": ()})

def why_not(school: School, step: Transition) -> Reason | None: ...        # domain: pure

transitions.allowed(SCHOOL, school.state, partial(why_not, school), call.language)     # for the answer
transitions.demanded(SCHOOL, school.state, "open", partial(why_not, school))           # in the command
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.data_class import DataClass
from contracts.steps import Barred, Step, Steps
from contracts.text import Language, Text
from service_kit.models import View
from service_kit.problems import ProblemError


@dataclass(frozen=True, slots=True)
class Transition:
    """One step: the name of its command, the state it leads to, its title."""

    name: str
    to: str
    title: Text


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step is barred: a stable code, and the sentence that a person reads."""

    code: str
    text: Text


NOT_FROM_HERE = Reason(
    "not_from_this_state",
    Text(
        "This step does not follow from the present state.", "Nid yw'r cam hwn yn dilyn o'r cyflwr presennol."
    ),
)

WhyNot = Callable[[Transition], Reason | None]
"""The deciding function for one record and caller: None where the step is allowed."""


@dataclass(frozen=True)
class StateMachine:
    """The steps that lead out of each state. Raises ValueError for a step into a state that is not declared."""

    steps: Mapping[str, tuple[Transition, ...]]

    def __post_init__(self) -> None:
        unknown = {step.to for steps in self.steps.values() for step in steps} - self.steps.keys()
        if unknown:
            raise ValueError(f"steps lead to undeclared states: {sorted(unknown)}")

    def named(self, name: str) -> Transition:
        """The step of this name. Raises KeyError for a name that no state has: a fault of the program."""
        for steps in self.steps.values():
            for step in steps:
                if step.name == name:
                    return step
        raise KeyError(name)


class BarredView(View, data_class=DataClass.public):
    """Why a step is barred."""

    code: str
    detail: str


class TransitionView(View, data_class=DataClass.public):
    """A step that follows from the present state; `barred` is absent where this caller may take it now."""

    name: str
    to: str
    title: str
    allowed: bool
    barred: BarredView | None = None


def allowed(machine: StateMachine, state: str, why_not: WhyNot, language: Language) -> list[TransitionView]:
    """Every step out of a state, in the order of the machine, with the reason where it is barred."""
    return [_view(step, why_not(step), language) for step in machine.steps[state]]


def demanded(machine: StateMachine, state: str, name: str, why_not: WhyNot) -> Transition:
    """The step that a command asks for. Raises 409 `transition_not_allowed` with reason and `possible` steps."""
    # A step of one name may lead elsewhere from another state: an action's new date, a commission's extension.
    here = next((step for step in machine.steps[state] if step.name == name), None)
    step = here or machine.named(name)
    reason = NOT_FROM_HERE if here is None else why_not(here)
    if reason is not None:
        possible = [other.name for other in machine.steps[state] if why_not(other) is None]
        raise ProblemError(
            "transition_not_allowed",
            {"reason": reason.text},
            extra={"reason": reason.code, "possible": possible},
        )
    return step


def _view(step: Transition, reason: Reason | None, language: Language) -> TransitionView:
    barred = BarredView(code=reason.code, detail=reason.text.in_(language)) if reason is not None else None
    return TransitionView(
        name=step.name, to=step.to, title=step.title.in_(language), allowed=reason is None, barred=barred
    )


def machine_of(steps: Steps) -> StateMachine:
    """The machine that a domain declares as steps."""
    return StateMachine(
        {state: tuple(Transition(s.name, s.to, s.title) for s in out) for state, out in steps.items()}
    )


def asked(steps: Steps, state: str, decide: Callable[[Step], Barred | None]) -> WhyNot:
    """The deciding function of a domain, asked about the steps that lead out of a state."""
    by_name = {step.name: step for step in steps[state]}

    def why_not(transition: Transition) -> Reason | None:
        barred = decide(by_name[transition.name])
        return Reason(barred.code, barred.text) if barred is not None else None

    return why_not
