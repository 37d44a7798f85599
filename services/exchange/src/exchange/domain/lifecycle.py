"""The states of one version of a return, and what bars each step [flows 2, row "return"]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.text import Text


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the name of its command, the state it leads to, the operation that it needs, its title."""

    name: str
    to: str
    operation: str
    title: Text


def _step(name: str, to: str, operation: str, en: str, cy: str) -> Step:
    return Step(name, to, operation, Text(en, cy))


_FILL: Final = _step("fill", "filled", "returns.write", "Fill from the events", "Llenwi o'r digwyddiadau")
_REMARK: Final = _step("remark", "filled", "returns.write", "Comment or waive", "Rhoi sylw neu hepgor")
_VALIDATE: Final = _step("validate", "validated", "returns.write", "Validate", "Dilysu")
_FREEZE: Final = _step("freeze", "frozen", "returns.freeze", "Freeze", "Rhewi")
_SIGN_FIRST: Final = _step(
    "sign_first", "signed_first", "returns.sign", "Sign off first", "Cymeradwyo'n gyntaf"
)
_SIGN_SECOND: Final = _step(
    "sign_second", "signed_second", "returns.sign", "Sign off second", "Cymeradwyo'n ail"
)
_REOPEN: Final = _step("reopen", "filled", "returns.freeze", "Open again", "Ailagor")
_SUBMIT: Final = _step("submit", "submitted", "returns.write", "Submit", "Cyflwyno")
_ACKNOWLEDGE: Final = _step("acknowledge", "acknowledged", "returns.acknowledge", "Acknowledge", "Cydnabod")
_QUERY: Final = _step("query", "queried", "returns.acknowledge", "Query", "Holi")
_VOID: Final = _step("void", "voided", "returns.sign", "Void", "Dirymu")

RETURN_STEPS: Final[Mapping[str, tuple[Step, ...]]] = {
    "opened": (_FILL,),
    "filled": (_FILL, _REMARK, _VALIDATE),
    "validated": (_FILL, _REMARK, _VALIDATE, _FREEZE),
    "frozen": (_SIGN_FIRST, _REOPEN),
    "signed_first": (_SIGN_SECOND, _REOPEN),
    "signed_second": (_SUBMIT, _REOPEN),
    "submitted": (_ACKNOWLEDGE, _QUERY, _VOID),
    "queried": (_ACKNOWLEDGE, _VOID),
    "acknowledged": (),
    "superseded": (),
    "voided": (),
}
"""The steps out of each state. A version is superseded by the submission of a later one, never by a step of its own."""

HANDED_IN: Final = frozenset({"submitted", "queried", "acknowledged", "superseded", "voided"})
"""States in which Welsh Government sees the version."""
CAN_BE_AMENDED: Final = frozenset({"submitted", "queried", "acknowledged", "voided"})
"""States of the newest version from which a correction may be begun."""
FROZEN: Final = frozenset({"frozen", "signed_first", "signed_second"}) | HANDED_IN
"""States in which the content does not change any more."""

SIGNATORIES: Final[Mapping[tuple[str, str], str]] = {
    ("consortium", "sign_first"): "managing_director",
    ("consortium", "sign_second"): "director",
    ("authority", "sign_first"): "lead_officer",
    ("authority", "sign_second"): "director",
}
"""Which role signs off, by kind of return and step. An authority's own return: a convention."""


@dataclass(frozen=True, slots=True)
class ReturnNow:
    """What bears on the steps of a version as it stands. Persons are ids of the register."""

    kind: str
    state: str
    unwaived_errors: int = 0
    uncommented_warnings: int = 0
    frozen_by: str | None = None
    signed_first_by: str | None = None
    signed_second_by: str | None = None
    void_asked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, about one return: `roles` and `may` are those that the caller has for this return's organisation.

    `person` is the id in the register; None for a machine. `registered`: the register has told of this person.
    """

    person: str | None
    registered: bool
    roles: frozenset[str]
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Barred:
    """Why a step is barred: a stable code, and the sentence that a person reads."""

    code: str
    text: Text


def _barred(code: str, en: str, cy: str) -> Barred:
    return Barred(code, Text(en, cy))


NOT_PERMITTED: Final = _barred(
    "operation_not_permitted",
    "None of your roles allows this step.",
    "Nid oes yr un o'ch rolau yn caniatáu'r cam hwn.",
)
HAS_ERRORS: Final = _barred(
    "return_has_errors",
    "A rule found an error that is not waived.",
    "Canfu rheol wall nad yw wedi'i hepgor.",
)
NEEDS_COMMENTS: Final = _barred(
    "return_needs_comments",
    "A rule's warning has no comment yet.",
    "Nid oes sylw eto ar rybudd un o'r rheolau.",
)
NO_PERSON: Final = _barred(
    "signatory_is_no_person",
    "Only a person of the register signs off; a machine does not.",
    "Dim ond person o'r gofrestr sy'n cymeradwyo; nid yw peiriant yn gwneud hynny.",
)
FROZE_IT: Final = _barred(
    "signatory_froze_it",
    "Whoever froze the return does not sign it off.",
    "Nid yw'r sawl a rewodd y ffurflen yn ei chymeradwyo.",
)
SIGNED_ALREADY: Final = _barred(
    "signed_already",
    "This person has signed off already; the second signature is somebody else's.",
    "Mae'r person hwn wedi cymeradwyo eisoes; rhaid i rywun arall roi'r ail lofnod.",
)
NOT_THE_SIGNATORY: Final = _barred(
    "not_the_signatory",
    "Another role signs off at this step.",
    "Rôl arall sy'n cymeradwyo ar y cam hwn.",
)
DID_NOT_SIGN: Final = _barred(
    "did_not_sign",
    "Only the two who signed the return off may void it.",
    "Dim ond y ddau a gymeradwyodd y ffurflen a gaiff ei dirymu.",
)
ASKED_ALREADY: Final = _barred(
    "void_asked_already",
    "This person has asked already; the other signatory has to ask as well.",
    "Mae'r person hwn wedi gofyn eisoes; rhaid i'r llofnodwr arall ofyn hefyd.",
)


def why_not(step: Step, now: ReturnNow, asker: Asker) -> Barred | None:
    """What bars a step that leads out of the present state; None where the caller may take it."""
    if step.operation not in asker.may:
        return NOT_PERMITTED
    if step is _FREEZE:
        if asker.person is None:
            return NO_PERSON
        if now.unwaived_errors:
            return HAS_ERRORS
        return NEEDS_COMMENTS if now.uncommented_warnings else None
    if step.operation == "returns.sign":
        return _void_barred(now, asker) if step is _VOID else _signing_barred(step, now, asker)
    return None


def _signing_barred(step: Step, now: ReturnNow, asker: Asker) -> Barred | None:
    if asker.person is None or not asker.registered:
        return NO_PERSON
    if asker.person == now.frozen_by:
        return FROZE_IT
    if asker.person == now.signed_first_by:
        return SIGNED_ALREADY
    return None if SIGNATORIES[now.kind, step.name] in asker.roles else NOT_THE_SIGNATORY


def _void_barred(now: ReturnNow, asker: Asker) -> Barred | None:
    if asker.person is None:
        return NO_PERSON
    if asker.person not in (now.signed_first_by, now.signed_second_by):
        return DID_NOT_SIGN
    return ASKED_ALREADY if asker.person == now.void_asked_by else None
