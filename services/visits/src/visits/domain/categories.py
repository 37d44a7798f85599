"""The steps of a support category and what bars them [flows 2; domain 2.2.9, 2.2.10]."""

from typing import Final

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, step
from contracts.text import Text
from visits.domain.caller import Caller
from visits.domain.schemes import Scheme

_PROPOSE = step("propose", "adviser_proposed", "categories.propose", "Propose a value", "Cynnig gwerth")
_AGREE = step("agree", "agreed_with_school", "categories.respond", "Agree", "Cytuno")
_DISAGREE = step(
    "disagree",
    "disagreement_lodged",
    "categories.respond",
    "Lodge a disagreement (F1)",
    "Cyflwyno anghytundeb (F1)",
)
_MODERATE = step(
    "moderate",
    "regionally_moderated",
    "categories.moderate",
    "Moderate regionally",
    "Cymedroli'n rhanbarthol",
)
_VERIFY = step(
    "verify", "nationally_verified", "categories.moderate", "Record the national verification",
    "Cofnodi'r gwirio cenedlaethol",
)  # fmt: skip
_PUBLISH = step("publish", "published", "categories.moderate", "Publish", "Cyhoeddi")
_CHANGE = step(
    "change_in_year", "published", "categories.moderate", "Change within the year", "Newid o fewn y flwyddyn"
)

CATEGORY_STEPS: Final[Steps] = {
    "self_evaluated": (_PROPOSE,),
    "adviser_proposed": (_AGREE, _DISAGREE),
    "agreed_with_school": (_MODERATE,),
    "disagreement_lodged": (_MODERATE,),
    "regionally_moderated": (_VERIFY, _PUBLISH),
    "nationally_verified": (_PUBLISH,),
    "published": (_CHANGE,),
    "superseded": (),
}
"""What is imported from a published list enters as `published`."""

NOT_NATIONAL: Final = Barred(
    "scheme_not_verified_nationally",
    Text("This scheme knows no national verification.", "Nid oes gwirio cenedlaethol yn y cynllun hwn."),
)
NOT_VERIFIED: Final = Barred(
    "verification_missing",
    Text("It is published once it is verified nationally.", "Fe'i cyhoeddir ar ôl ei wirio'n genedlaethol."),
)


def why_not(asked: Step, state: str, scheme: Scheme, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken.

    A scheme that is published nationally is verified nationally first; a regional one is not.
    """
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if asked.name == "verify" and not scheme.public:
        return NOT_NATIONAL
    if asked.name == "publish" and scheme.public and state == "regionally_moderated":
        return NOT_VERIFIED
    return None
