"""The steps of a return: opened, filled, validated, frozen, signed off twice, submitted, acknowledged or queried."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.identifiers import AuthorityCode, RecordId
from contracts.text import Text
from exchange.api.return_asking import Asking
from exchange.api.returns import Number, ReturnView
from exchange.domain.rules import Remark
from exchange.storage import returns
from exchange.storage.definitions import definitions
from exchange.storage.returns import Version, slices
from exchange.usecases import fill_return, freeze_return, sign_return
from exchange.usecases.open_return import amend_return, open_return, return_id_of, version_id
from exchange.usecases.owe_returns import owed_returns
from exchange.usecases.return_machine import RETURN, return_why_not
from service_kit.call import Call, RequestCall
from service_kit.models import Model
from service_kit.problems import Fault, ProblemError
from service_kit.rendering import Row
from service_kit.routing import Router
from service_kit.transitions import demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("returns", Text("Returns", "Ffurflenni"))

Narrative = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"\S")
]
_STEP = ("transition_not_allowed",)


class NewReturn(Model):
    """A return to be opened before the clock does."""

    return_id: RecordId
    """Of `/v1/return-obligations`."""
    test: bool = False
    """A test return: it says so in every rendering and in its signature, is listed apart, and fulfils nothing."""


class RemarkIn(Model):
    """What is said of a finding: a comment on a warning, or why an error is waived."""

    rule: str
    authority: AuthorityCode | None = None
    kind: Literal["comment", "waiver"]
    text: Narrative


class SignOff(Model):
    """A sign-off of exactly what was seen."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The `digest` of the version."""


class Reasoned(Model):
    """Why."""

    reason: Narrative


class Question(Model):
    """What Welsh Government asks."""

    question: Narrative


Do = Callable[[UnitOfWork, Version, str], Awaitable[None]]
"""What a step does with the locked version; the state that it leads to."""


@router.post(
    "/returns", operation="returns.write", response_model=ReturnView, problems=["return_period_not_over"]
)
async def open_a_return(new: NewReturn, call: Call) -> Response:
    """Opens a return whose period is over; one that the clock has opened already is given as it is."""

    async def do(uow: UnitOfWork) -> Row:
        owed = await owed_returns(uow.connection, call.decision)
        this = next((one for one in owed if one.return_id == new.return_id), None)
        if this is None:
            raise ProblemError("not_found")
        first = version_id(return_id_of(this, test=new.test), 1)
        if await returns.locked(uow.connection, first) is None:
            await open_return(uow, this, test=new.test)
        return await _shown(call, uow, first)

    return await call.command(ReturnView, do, location="/v1/returns/{return_id}/versions/{number}")


@router.post(
    "/returns/{id}/versions", operation="returns.write", response_model=ReturnView,
    problems=["return_not_amendable"],
)  # fmt: skip
async def amend_a_return(id: RecordId, new: Reasoned, call: Call) -> Response:  # noqa: A002
    """Begins a later version that corrects the newest one; the submitted one stays as it is until then."""

    async def do(uow: UnitOfWork) -> Row:
        return await _shown(call, uow, await amend_return(uow, id, new.reason))

    return await call.command(ReturnView, do, location="/v1/returns/{return_id}/versions/{number}")


@router.post(
    "/returns/{id}/versions/{number}/fill", operation="returns.write", response_model=ReturnView, status=200,
    problems=[*_STEP, "return_not_owed"],
)  # fmt: skip
async def fill_a_return(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Takes the figures from the events as the change feed stands now."""
    return await _step(
        call, id, number, "fill", lambda uow, row, _: fill_return.fill(uow, row, call.decision)
    )


@router.post(
    "/returns/{id}/versions/{number}/remarks", operation="returns.write", response_model=ReturnView, status=200,
    problems=_STEP,
)  # fmt: skip
async def remark_on_a_return(id: RecordId, number: Number, new: RemarkIn, call: Call) -> Response:  # noqa: A002
    """Comments on a warning or waives an error; the rules have to be asked again after it."""

    async def do(uow: UnitOfWork, row: Version, _: str) -> None:
        if new.rule not in definitions()[row["definition"]].rules:
            raise ProblemError("validation_failed", errors=[Fault("/rule", "unknown_return_rule")])
        await fill_return.remark(uow, row, Remark(new.rule, new.authority, new.kind, new.text))

    return await _step(call, id, number, "remark", do)


@router.post(
    "/returns/{id}/versions/{number}/validate", operation="returns.write", response_model=ReturnView, status=200,
    problems=_STEP,
)  # fmt: skip
async def validate_a_return(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Asks the rules of the definition."""
    return await _step(
        call, id, number, "validate", lambda uow, row, _: fill_return.validate(uow, row, call.decision)
    )


@router.post(
    "/returns/{id}/versions/{number}/freeze", operation="returns.freeze", response_model=ReturnView, status=200,
    problems=_STEP,
)  # fmt: skip
async def freeze_a_return(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Makes the renderings. Refused while an error is not waived or a warning has no comment."""
    return await _step(
        call, id, number, "freeze",
        lambda uow, row, _: freeze_return.freeze(uow, row, call.decision, _person(call)),
    )  # fmt: skip


@router.post(
    "/returns/{id}/versions/{number}/reopen", operation="returns.freeze", response_model=ReturnView, status=200,
    problems=_STEP,
)  # fmt: skip
async def reopen_a_return(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Opens a frozen version again before it is submitted; every sign-off of it is void."""
    return await _step(call, id, number, "reopen", lambda uow, row, _: freeze_return.reopen(uow, row))


@router.post(
    "/returns/{id}/versions/{number}/sign", operation="returns.sign", response_model=ReturnView, status=200,
    problems=[*_STEP, "return_digest_differs"],
)  # fmt: skip
async def sign_a_return(id: RecordId, number: Number, sign: SignOff, call: Call) -> Response:  # noqa: A002
    """Signs off, first or second, over the digest of what was frozen: two people, neither of whom froze it."""
    return await _step(
        call, id, number, {"signed_first": "sign_second"}.get,
        lambda uow, row, to: sign_return.sign_off(uow, row, to, _person(call), sign.digest),
    )  # fmt: skip


@router.post(
    "/returns/{id}/versions/{number}/submit", operation="returns.write", response_model=ReturnView, status=200,
    problems=[*_STEP, "return_key_missing"],
)  # fmt: skip
async def submit_a_return(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Submits a version that two people signed off: it is signed and Welsh Government sees it from now on."""

    async def do(uow: UnitOfWork, row: Version, _: str) -> None:
        key = sign_return.load_return_key(call.serving.settings.return_key_file)
        await sign_return.submit(uow, row, call.decision, key)

    return await _step(call, id, number, "submit", do)


@router.post(
    "/returns/{id}/versions/{number}/acknowledge", operation="returns.acknowledge", response_model=ReturnView,
    status=200, problems=_STEP,
)  # fmt: skip
async def acknowledge_a_return(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Acknowledges a submitted version; it can no longer be voided."""
    return await _step(call, id, number, "acknowledge", lambda uow, row, _: sign_return.acknowledge(uow, row))


@router.post(
    "/returns/{id}/versions/{number}/query", operation="returns.acknowledge", response_model=ReturnView,
    status=200, problems=_STEP,
)  # fmt: skip
async def query_a_return(id: RecordId, number: Number, new: Question, call: Call) -> Response:  # noqa: A002
    """Asks about a submitted version."""
    return await _step(
        call, id, number, "query", lambda uow, row, _: sign_return.query(uow, row, new.question)
    )


@router.post(
    "/returns/{id}/versions/{number}/void", operation="returns.sign", response_model=ReturnView, status=200,
    problems=_STEP,
)  # fmt: skip
async def void_a_return(id: RecordId, number: Number, new: Reasoned, call: Call) -> Response:  # noqa: A002
    """Asks that a version be void before it is acknowledged; it is, once both signatories have asked."""
    return await _step(
        call, id, number, "void", lambda uow, row, _: sign_return.void(uow, row, _person(call), new.reason)
    )


async def _step(
    call: RequestCall, return_id: str, number: int, name: str | Callable[[str], str | None], do: Do
) -> Response:
    """Takes one step. `name` may depend on the state: without a name of its own a signature is the first one."""

    async def run(uow: UnitOfWork) -> Row:
        row = await returns.locked(uow.connection, version_id(return_id, number))
        if row is None:
            raise ProblemError("not_found")
        asking = await Asking.begun(call, uow)
        asked = name if isinstance(name, str) else name(row["state"]) or "sign_first"
        step = demanded(RETURN, row["state"], asked, return_why_not(row, asking.asker(row)))
        await do(uow, row, step.to)
        return await _shown(call, uow, row["id"])

    return await call.command(ReturnView, run, status=200)


async def _shown(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    """The version as it is now. Raises 404 where the caller may not see it."""
    query = call.with_references(returns.showing(call.decision), "return", slices.return_id)
    query = query.where(slices.id == id_)
    found = (await uow.connection.execute(query)).mappings().first()
    if found is None:
        raise ProblemError("not_found")
    return (await Asking.begun(call, uow)).shaped(dict(found))


def _person(call: RequestCall) -> str:
    """The caller's id in the register; the step was barred before where there is none."""
    person = call.principal.person_id
    if person is None:
        raise ProblemError("not_found")
    return person
