"""Support categories: judged step by step under a versioned scheme, published, counted, imported."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, Timestamp, View, classed
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, first, locked, showing
from service_kit.routing import Router
from service_kit.transitions import TransitionView, demanded
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.api.fields import (
    OWN_SCHOOL,
    AuthorityCode,
    CategoryState,
    Narrative,
    Reasoned,
    RecordId,
    SchemeCode,
    SchoolNumber,
    SchoolYear,
    Value,
)
from visits.api.shaping import shaped_category
from visits.storage.categories import COLUMNS, counted, latest, visible
from visits.storage.conventions import schemes
from visits.storage.tables import categories
from visits.usecases import judge_category
from visits.usecases.machines import CATEGORY, category_why_not
from visits.usecases.refusing import announced

router = Router("categories", Text("Support categories", "Categorïau cymorth"))

Confidential = classed(DataClass.confidential)


class CategoryView(View, data_class=DataClass.public):
    """A school's support category in one scheme and school year.

    Published it is public; before, and in a scheme that is not published, only school, authority and consortium see it.
    """

    SCOPED_BY = OWN_SCHOOL

    id: str
    version: int
    known_at: Timestamp
    valid_from: date | None
    """First day on which this holds; null until it is published."""
    valid_to: date | None
    school_number: str
    authority: str
    scheme: str
    """Scheme of the category: a code of `/v1/category-schemes`. Values of two schemes are never compared."""
    school_year: str
    state: str
    """Step that the category has come to: a code of `category_states`."""
    value: str | None
    dated: date | None
    ceiling_days: int | None
    """Days of commissioned support in a school year at most; null where the scheme sets none."""
    intensive_monitoring: bool
    imported: bool
    """Whether it was taken from a published list, without the steps before."""
    self_evaluation: Annotated[str | None, Confidential]
    rationale: Annotated[str | None, Confidential]
    disagreement: Annotated[str | None, Confidential]
    reason: Annotated[str | None, Confidential]
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class CategoryCountView(View, data_class=DataClass.public):
    """How many schools of an authority have a value, and the days of support that they may call on."""

    authority: str
    scheme: str
    """Scheme of the category: a code of `/v1/category-schemes`. Values of two schemes are never compared."""
    value: str
    schools: int
    ceiling_days: int | None
    intensive_monitoring: bool


class NewRound(Model):
    """The school's own evaluation, with which its round begins."""

    school_number: SchoolNumber
    scheme: SchemeCode
    school_year: SchoolYear
    self_evaluation: Narrative


class Proposal(Model):
    """The adviser's value and what it rests on."""

    value: Value
    rationale: Narrative


class Disagreement(Model):
    """Why the school disagrees (form F1)."""

    disagreement: Narrative


class Moderation(Model):
    """The region's result; a value other than the proposed one needs a reason."""

    value: Value | None = None
    reason: Narrative | None = None


class Publication(Model):
    """From when the category holds."""

    dated: date


class InYearChange(Reasoned):
    """Another value from a day of the year on."""

    value: Value
    dated: date


@router.page("/categories", operation="categories.read", response_model=Page[CategoryView], referenced=True)
async def list_categories(
    call: Call,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    scheme: SchemeCode | None = None,
    school_year: SchoolYear | None = None,
    value: Value | None = None,
    state: CategoryState | None = None,
) -> Response:
    """Lists categories as of a day. `value` needs `scheme`: values of different schemes share letters."""
    if value is not None and scheme is None:
        raise ProblemError("validation_failed", errors=[Fault("scheme", "value_needs_scheme", part="query")])
    async with call.read() as uow:
        query = showing(categories, call.valid_at, call.known_at, _seen(call))
        query = call.with_references(query, "category", COLUMNS.id)
        for column, wanted in (
            (COLUMNS.school_number, school_number),
            (COLUMNS.authority, authority),
            (COLUMNS.scheme, scheme),
            (COLUMNS.school_year, school_year),
            (COLUMNS.value, value),
            (COLUMNS.state, state),
        ):
            query = query if wanted is None else query.where(column == wanted)
        asking = Asking(call)
        order = [ascending(COLUMNS.school_number), ascending(COLUMNS.id)]
        return await call.page(
            uow, CategoryView, query, order, shape=lambda row: shaped_category(asking, row, call.language)
        )


@router.page("/category-counts", operation="categories.read", response_model=Page[CategoryCountView])
async def count_categories(
    call: Call, scheme: SchemeCode | None = None, authority: AuthorityCode | None = None
) -> Response:
    """Counts the categories that hold on a day, by authority, scheme and value."""
    async with call.read() as uow:
        table = counted(_seen(call), call.valid_at, call.known_at, scheme, authority)
        order = [ascending(table.c.authority), ascending(table.c.scheme), ascending(table.c.value)]
        return await call.page(uow, CategoryCountView, table.select(), order)


@router.get("/categories/{id}", operation="categories.read", response_model=CategoryView)
async def read_category(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one category as of a day, with the steps that may follow."""
    async with call.read() as uow:
        query = showing(categories, call.valid_at, call.known_at, _seen(call), COLUMNS.id == id)
        row = await first(uow.connection, call.with_references(query, "category", COLUMNS.id))
        return call.record(
            CategoryView, None if row is None else shaped_category(Asking(call), row, call.language)
        )


@router.post(
    "/categories", operation="categories.evaluate", response_model=CategoryView, problems=["already_exists"]
)
async def begin_category(new: NewRound, call: Call) -> Response:
    """Begins a school's round with its own evaluation."""

    async def do(uow: UnitOfWork) -> Row:
        scheme = judge_category.refuse_scheme(new.scheme, new.school_year)
        school = await announced(uow, new.school_number)
        demand(call, DataClass.confidential, authority=school.authority, school=school.number)
        id_ = await judge_category.begin(uow, school, scheme, new.school_year, new.self_evaluation)
        return await _latest(call, uow, id_)

    return await call.command(CategoryView, do, location="/v1/categories/{id}")


@router.post(
    "/categories/{id}/propose", operation="categories.propose", response_model=CategoryView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def propose_category(id: RecordId, given: Proposal, call: Call) -> Response:  # noqa: A002
    """Proposes a value as the school's adviser."""
    return await _step(
        call,
        id,
        "propose",
        lambda uow, row: judge_category.propose(uow, row, given.value, given.rationale),
    )


@router.post(
    "/categories/{id}/agree", operation="categories.respond", response_model=CategoryView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def agree_category(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Agrees with the proposed value as the school."""
    return await _step(call, id, "agree", judge_category.agree)


@router.post(
    "/categories/{id}/disagree", operation="categories.respond", response_model=CategoryView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def disagree_category(id: RecordId, given: Disagreement, call: Call) -> Response:  # noqa: A002
    """Lodges the school's disagreement with the proposed value."""
    return await _step(
        call, id, "disagree", lambda uow, row: judge_category.disagree(uow, row, given.disagreement)
    )


@router.post(
    "/categories/{id}/moderate", operation="categories.moderate", response_model=CategoryView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def moderate_category(id: RecordId, given: Moderation, call: Call) -> Response:  # noqa: A002
    """Records the region's moderation."""
    return await _step(
        call, id, "moderate", lambda uow, row: judge_category.moderate(uow, row, given.value, given.reason)
    )


@router.post(
    "/categories/{id}/verify", operation="categories.moderate", response_model=CategoryView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def verify_category(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records the national verification."""
    return await _step(call, id, "verify", judge_category.verify)


@router.post(
    "/categories/{id}/publish", operation="categories.moderate", response_model=CategoryView, status=200,
    problems=["transition_not_allowed", "category_on_this_day"],
)  # fmt: skip
async def publish_category(id: RecordId, given: Publication, call: Call) -> Response:  # noqa: A002
    """Publishes a category: it holds from its date on, the one before until then."""
    return await _step(call, id, "publish", lambda uow, row: judge_category.publish(uow, row, given.dated))


@router.post(
    "/categories/{id}/change-in-year", operation="categories.moderate", response_model=CategoryView, status=200,
    problems=["transition_not_allowed", "category_on_this_day"],
)  # fmt: skip
async def change_category_in_year(id: RecordId, given: InYearChange, call: Call) -> Response:  # noqa: A002
    """Changes a published category within its year, with a reason; earlier days keep the earlier value."""
    return await _step(
        call,
        id,
        "change_in_year",
        lambda uow, row: judge_category.change_in_year(uow, row, given.value, given.dated, given.reason),
    )


async def _step(
    call: RequestCall, id_: str, name: str, take: Callable[[UnitOfWork, Row], Awaitable[None]]
) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        row = await locked(uow.connection, categories, id_, latest(id_, _seen(call)))
        if row is None:
            raise ProblemError("not_found")
        why_not = category_why_not(row, schemes()[row["scheme"]], Asking(call).about(row))
        demanded(CATEGORY, row["state"], name, why_not)
        await take(uow, row)
        return await _latest(call, uow, id_)

    return await call.command(CategoryView, do, status=200)


def _seen(call: RequestCall) -> Any:
    decision = call.reading
    return visible(decision.rows(DataClass.public), decision.rows(DataClass.confidential))


async def _latest(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    query = call.with_references(latest(id_, _seen(call)), "category", COLUMNS.id)
    row = await first(uow.connection, query)
    if row is None:
        raise ProblemError("not_found")
    return shaped_category(Asking(call), row, call.language)


takes_references(router, "/categories/{id}", CategoryView, "category", "categories.read", _latest)
