"""Constitutions of bodies: data that this version carries, by code."""

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.domain.constitutions import Constitution
from governance.storage.conventions import constitutions
from service_kit.call import Call
from service_kit.models import View
from service_kit.problems import ProblemError
from service_kit.routing import Router

router = Router("constitutions", Text("Constitutions", "Cyfansoddiadau"))


class SeatView(View, data_class=DataClass.public):
    """A kind of seat."""

    code: str
    title_en: str
    title_cy: str
    count: int | None
    """How many of these seats there are; null: any number."""
    per_authority: bool
    voting: bool
    member: bool
    """Whether whoever sits there is a member; false: attends, and counts in nothing."""
    sees_exempt: bool


class QuorumRuleView(View, data_class=DataClass.public):
    """How many must be there to decide: a share, rounded up."""

    of: str
    """Of what the share is taken: of the `seats`, where vacancies count, or of the `members` in post."""
    numerator: int
    denominator: int
    at_least: int
    counted: str
    """What is counted: `heads` or `authorities`."""


class ConstitutionView(View, data_class=DataClass.public):
    """A version of a constitution."""

    code: str
    body_type: str
    title_en: str
    title_cy: str
    voting: str
    """Basis of voting: a code of `voting_bases`."""
    quorum: QuorumRuleView
    majority_numerator: int
    majority_denominator: int
    """Denominator of that share of the votes for and against: carried where those for are more."""
    casting_vote: bool
    municipal_year_begins: str
    clear_days: int
    meetings_a_year: int
    call_in_days: int
    agenda_agreed_by: list[str]
    exempt_paragraphs: list[int]
    resolution_kinds: list[str]
    chair_from: str | None
    seats: list[SeatView]


class ConstitutionsView(View, data_class=DataClass.public):
    """Every constitution."""

    items: list[ConstitutionView]


@router.get("/constitutions", operation="bodies.read", response_model=ConstitutionsView, dated=False)
async def list_constitutions(call: Call) -> Response:
    """Lists the constitutions that a body may adopt."""
    return call.answer(ConstitutionsView(items=[_view(one) for one in constitutions().values()]))


@router.get("/constitutions/{code}", operation="bodies.read", response_model=ConstitutionView, dated=False)
async def read_constitution(code: str, call: Call) -> Response:
    """Reads one constitution."""
    if code not in constitutions():
        raise ProblemError("not_found")
    return call.answer(_view(constitutions()[code]))


def _view(rules: Constitution) -> ConstitutionView:
    quorum = rules.quorum
    return ConstitutionView(
        code=rules.code,
        body_type=rules.body_type,
        title_en=rules.title.en,
        title_cy=rules.title.cy,
        voting=rules.voting,
        quorum=QuorumRuleView(
            of=quorum.of, numerator=quorum.share.numerator, denominator=quorum.share.denominator,
            at_least=quorum.at_least, counted=quorum.counted,
        ),
        majority_numerator=rules.majority.numerator,
        majority_denominator=rules.majority.denominator,
        casting_vote=rules.casting_vote,
        municipal_year_begins=rules.municipal_year_begins,
        clear_days=rules.clear_days,
        meetings_a_year=rules.meetings_a_year,
        call_in_days=rules.call_in_days,
        agenda_agreed_by=list(rules.agenda_agreed_by),
        exempt_paragraphs=list(rules.exempt_paragraphs),
        resolution_kinds=list(rules.resolution_kinds),
        chair_from=rules.chair_from,
        seats=[
            SeatView(
                code=seat.code, title_en=seat.title.en, title_cy=seat.title.cy, count=seat.count,
                per_authority=seat.per_authority, voting=seat.voting, member=seat.member,
                sees_exempt=seat.sees_exempt,
            )
            for seat in rules.seats.values()
        ],
    )  # fmt: skip
