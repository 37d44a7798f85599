"""Returns: their versions, renderings, signature, comparison, and the trace from a figure to its records."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Select
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import RecordId
from contracts.text import Text
from exchange.api.return_asking import Asking
from exchange.domain.document import cells_of, differences
from exchange.domain.rules import values_of
from exchange.storage import returns
from exchange.storage.returns import Version, slices
from exchange.usecases.fill_return import filled, frozen_document
from exchange.usecases.freeze_return import draft
from exchange.usecases.render_return import MEDIA_TYPES
from service_kit import preconditions
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Page, Timestamp, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.transitions import TransitionView
from service_kit.unit_of_work import UnitOfWork

router = Router("returns", Text("Returns", "Ffurflenni"))

Number = Annotated[int, Field(ge=1, le=9999)]
Format = Literal["json", "csv", "ods"]


class ReturnFindingView(View, data_class=DataClass.internal):
    """What a rule found; an error bars freezing unless waived, a warning needs a comment."""

    rule: str
    severity: str
    authority: str | None
    figure: str | None
    expected: int | None
    found: int | None


class ReturnRemarkView(View, data_class=DataClass.internal):
    """What was said of a finding."""

    rule: str
    authority: str | None
    kind: str
    text: str


class ReturnView(View, data_class=DataClass.internal):
    """One version of a return. Before it is submitted only the signatories' side knows of it."""

    SCOPED_BY = {"authority": "authority", "body": "body"}

    id: str
    version: int
    """Version of the record, for If-None-Match; `number` is that of the return."""
    known_at: Timestamp
    return_id: str
    number: int
    organisation: str
    kind: str
    """Kind of return: a code of `return_kinds`."""
    test: bool
    """A test return: never to be taken for a return."""
    authority: str | None
    school_year: str
    period: str
    """Half-term that it is for: a code of `half_terms`."""
    first_day: date
    last_day: date
    due_on: date
    definition: str
    state: str
    """State of the return: a code of `return_states`."""
    position: int | None
    """The change feed up to here makes the figures."""
    made_at: Timestamp | None
    earlier_version: str | None
    """The return of the period before, with which it is compared."""
    digest: str | None
    """SHA-256 of the JSON rendering; it is what the signatories sign off."""
    frozen_by: str | None
    signed_first_by: str | None
    signed_second_by: str | None
    submitted_at: Timestamp | None
    question: str | None
    """What Welsh Government asks."""
    void_asked_by: str | None
    void_reason: str | None
    amends: int | None
    amend_reason: str | None
    findings: list[ReturnFindingView]
    remarks: list[ReturnRemarkView]
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class RenderingsView(View, data_class=DataClass.internal):
    """The JSON rendering; its schema is that of the definition. CSV and ODS by `format` or `Accept`."""


class SignatureView(View, data_class=DataClass.internal):
    """The detached JWS (RFC 7515, appendix F) over the exact bytes of the JSON rendering."""

    digest: str
    """SHA-256 of the JSON rendering."""
    jws: str
    """Put the bytes, base64url, between the two dots and verify with a key of `/v1/return-keys`."""


class DifferenceView(View, data_class=DataClass.internal):
    """One value that differs; null: no such cell, or no count in it."""

    figure: str
    authority: str | None
    by: dict[str, str]
    before: int | None
    after: int | None


class ComparisonView(View, data_class=DataClass.internal):
    """How two versions differ, and why the later one was made."""

    before: int
    after: int
    reason: str | None
    differences: list[DifferenceView]


class TracedRecordView(View, data_class=DataClass.internal):
    """A record that a figure counts. It is read under your own rights; here are its id and version."""

    record: str
    """Plural of the resource, as in its path."""
    id: str
    version: int
    position: int
    """Position of the change feed at which this version was told."""
    authority: str | None
    """Null: it belongs to the region as such, like a joint committee."""
    by: dict[str, str]
    amount: int
    """What it adds to the value: 1 in a count; days, pence or working days; in a share 1 where it is of the part."""


class TraceView(View, data_class=DataClass.internal):
    """From a figure to what it counts, at the position of the return."""

    figure: str
    title: str
    position: int
    measure: str
    unit: str
    count: int
    """How many records there are."""
    records: list[TracedRecordView]


@router.page("/returns", operation="returns.read", response_model=Page[ReturnView], referenced=True)
async def list_returns(
    call: Call,
    since: Timestamp | None = None,
    organisation: str | None = None,
    school_year: str | None = None,
    period: str | None = None,
    state: str | None = None,
    test: bool = False,
) -> Response:
    """Lists versions of returns, those changed longest ago first; `since` only those changed after a moment.

    Test returns are listed apart, with `test=true`.
    """
    async with call.read() as uow:
        query = _listed(call).where(slices.test == test)
        for column, value in (
            (slices.organisation, organisation),
            (slices.school_year, school_year),
            (slices.period, period),
            (slices.state, state),
        ):
            query = query if value is None else query.where(column == value)
        if since is not None:
            query = query.where(returns.heads.known_at > since)
        asking = await Asking.begun(call, uow)
        order = [ascending(returns.heads.known_at), ascending(slices.id)]
        return await call.page(uow, ReturnView, query, order, shape=asking.shaped)


@router.get("/returns/{id}", operation="returns.read", response_model=ReturnView)
async def read_return(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads the newest version of a return that you may see."""
    async with call.read() as uow:
        return await shown(call, uow, await _version(call, uow, id, None))


@router.get("/returns/{id}/versions/{number}", operation="returns.read", response_model=ReturnView)
async def read_return_version(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Reads one version of a return, with the steps that may follow."""
    async with call.read() as uow:
        return await shown(call, uow, await _version(call, uow, id, number))


async def shown(call: RequestCall, uow: UnitOfWork, row: Version) -> Response:
    """The answer for one version."""
    return call.record(ReturnView, (await Asking.begun(call, uow)).shaped(row))


def _listed(call: RequestCall) -> Select[Any]:
    """Versions under the caller's rights, each with what the caller calls its return."""
    query = returns.showing(call.decision, call.known_at)
    return call.with_references(query, "return", slices.return_id)


async def _newest(call: RequestCall, uow: UnitOfWork, id_: str) -> Mapping[str, Any]:
    return (await Asking.begun(call, uow)).shaped(await _version(call, uow, id_, None))


async def _version(call: RequestCall, uow: UnitOfWork, return_id: str, number: int | None) -> Version:
    """One version, or the newest, under the caller's rights. Raises 404."""
    query = _listed(call).where(slices.return_id == return_id)
    if number is not None:
        query = query.where(slices.number == number)
    found = (await uow.connection.execute(query.order_by(slices.number.desc()).limit(1))).mappings().first()
    if found is None:
        raise ProblemError("not_found")
    return dict(found)


@router.get(
    "/returns/{id}/versions/{number}/document",
    operation="returns.read",
    response_model=RenderingsView,
    dated=False,
    own_types=True,
)
async def read_return_document(
    id: RecordId,  # noqa: A002  the path's own word
    number: Number,
    call: Call,
    format: Format | None = None,  # noqa: A002  the contract's name
) -> Response:
    """Pulls a rendering: JSON in both languages, CSV or ODS in the one asked for; before freezing a JSON draft."""
    asked = format or _accepted(call.request.headers.get("accept", ""))
    async with call.read() as uow:
        row = await _version(call, uow, id, number)
        if row["digest"] is None:
            if row["position"] is None or asked != "json":
                raise ProblemError("not_found")
            return Response(await draft(uow, row, call.decision), 200, call.headers(), MEDIA_TYPES["json"])
        language = "" if asked == "json" else call.language
        found = await returns.rendering(uow.connection, row["digest"], asked, language)
    if found is None:
        raise ProblemError("not_found")
    tag = f'"{found.sha256[:24]}"'
    headers = {
        **call.headers(),
        "Vary": "Accept, Accept-Language, Authorization",
        "ETag": tag,
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(found.sha256)).decode()}:",
    }
    if preconditions.unchanged(call.request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if asked != "json":
        headers["Content-Disposition"] = f'attachment; filename="{row["id"]}.{call.language}.{asked}"'
    return Response(found.bytes, 200, headers, MEDIA_TYPES[asked])


def _accepted(accept: str) -> Format:
    """The rendering that the caller would rather have; JSON where it does not say."""
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type == "text/csv":
            return "csv"
        if media_type == MEDIA_TYPES["ods"]:
            return "ods"
    return "json"


@router.get(
    "/returns/{id}/versions/{number}/signature",
    operation="returns.read",
    response_model=SignatureView,
    dated=False,
)
async def read_return_signature(id: RecordId, number: Number, call: Call) -> Response:  # noqa: A002
    """Reads the signature of a submitted version; it covers every rendering, because the JSON names their digests."""
    async with call.read() as uow:
        row = await _version(call, uow, id, number)
    if row["signature"] is None:
        raise ProblemError("not_found")
    return call.answer(SignatureView(digest=row["digest"], jws=row["signature"]))


@router.get(
    "/returns/{id}/versions/{number}/comparison",
    operation="returns.read",
    response_model=ComparisonView,
    dated=False,
)
async def compare_return_versions(
    id: RecordId, number: Number, call: Call, against: Number  # noqa: A002  the path's own word
) -> Response:  # fmt: skip
    """Compares a version with another one (`against`), the earlier of the two first."""
    first, second = sorted((number, against))
    async with call.read() as uow:
        rows = [await _version(call, uow, id, one) for one in (first, second)]
        before, after = [
            values_of(cells_of(await frozen_document(uow.connection, row["digest"]))) for row in rows
        ]
    found = [
        DifferenceView(
            figure=one.figure, authority=one.authority, by=dict(one.by), before=one.before, after=one.after
        )
        for one in differences(before, after)
    ]
    reason = rows[1]["amend_reason"]
    return call.answer(ComparisonView(before=first, after=second, reason=reason, differences=found))


@router.get(
    "/returns/{id}/versions/{number}/figures/{code}/trace",
    operation="returns.read",
    response_model=TraceView,
    dated=False,
)
async def trace_figure(
    id: RecordId,  # noqa: A002  the path's own word
    number: Number,
    code: str,
    call: Call,
    authority: str | None = None,
) -> Response:
    """Traces a figure to the records that it counts, of one authority or of all."""
    async with call.read() as uow:
        row = await _version(call, uow, id, number)
        said = await filled(uow.connection, row, call.decision) if row["position"] is not None else None
    figure = next((one for one in said.figures if one.code == code), None) if said is not None else None
    if said is None or figure is None:
        raise ProblemError("not_found")
    hidden = figure.statuses
    records = [
        TracedRecordView(
            record=item.reference.subject,
            id=item.reference.id,
            version=item.reference.version,
            position=item.reference.position,
            authority=item.authority,
            by=dict(item.by),
            amount=item.amount,
        )
        for item in figure.items
        if item.authority not in hidden and authority in (None, item.authority)
    ]
    defined = said.definition.figures[code]
    return call.answer(
        TraceView(
            figure=code,
            title=defined.title.in_(call.language),
            position=row["position"],
            measure=defined.measure,
            unit=defined.unit,
            count=len(records),
            records=records,
        )
    )


takes_references(router, "/returns/{id}", ReturnView, "return", "returns.read", _newest)
