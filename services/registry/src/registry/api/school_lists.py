"""Lists of schools: sent in as a file, previewed with every difference, applied as one dated change set."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any, Final, Literal

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import RecordId, new_id
from contracts.text import Language, Text
from registry.domain.data_quality import Finding
from registry.domain.list_report import where
from registry.storage.school_lists import change_list, listed, one_list, report
from registry.storage.showing import Row
from registry.storage.tables import school_list_rows, school_lists
from registry.usecases.apply_list import APPLY
from registry.usecases.list_states import SCHOOL_LIST, why_not
from registry.usecases.preview_list import PREVIEW
from registry.usecases.receive_list import SentList, receive_list
from service_kit.call import Call, RequestCall
from service_kit.jobs import JobKind
from service_kit.jobs.api import begin_job
from service_kit.models import Page, Timestamp, View
from service_kit.paging import ascending, descending
from service_kit.policy.decide import decide
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.transitions import TransitionView, allowed, demanded
from service_kit.unit_of_work import UnitOfWork
from service_kit.uploads import Upload

router = Router("school-lists", Text("Lists of schools", "Rhestrau ysgolion"))

ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
FILE: Final = Upload((ODS, "text/csv"))


class ListCounts(View, data_class=DataClass.internal):
    """What a list holds, and what applying it would do. The differences are absent until it has been compared."""

    parts: dict[str, int]
    """Schools in each part that the list covers."""
    warnings: int
    added: int | None = None
    changed: int | None = None
    unchanged: int | None = None
    missing: int | None = None
    """Open schools of the register that the list does not name; they are reported, not closed."""
    closed: int | None = None
    """Schools that the list names although the register says that they are closed; they are not reopened."""


class SchoolListView(View, data_class=DataClass.internal):
    """A list of schools as it was sent in."""

    id: str
    version: int
    state: Literal["received", "previewed", "applied"]
    list_date: date
    """The day on which the list says what stood; its changes hold from then on."""
    media_type: str
    sha256: str
    size: int
    """Bytes."""
    received_at: Timestamp
    job_id: str
    """The job that does, or did, the last step: watch it at `/v1/jobs/{job_id}`."""
    counts: ListCounts
    allowed_transitions: list[TransitionView]


class ReportRowView(View, data_class=DataClass.internal):
    """One row of the report: a warning, or a school that the list adds, changes or does not name."""

    position: int
    kind: Literal["warning", "added", "changed", "missing", "closed"]
    school_number: str | None
    name: str | None
    rule: str | None
    """Id of the data-quality rule of a warning."""
    detail: str | None
    """What the rule says, in the caller's language."""
    sheet: str | None
    rows: list[int]
    """Rows of the sheet; the header is row 1."""
    column: str | None
    fields: dict[str, dict[str, Any]]
    """For a changed school: each field with its value `before` and `after`."""


@router.post(
    "/school-lists", operation="lists.write", response_model=SchoolListView, status=202, upload=FILE,
    problems=["list_has_faults"],
)  # fmt: skip
async def send_school_list(call: Call, list_date: date) -> Response:
    """Sends in an address list: the ODS of the Welsh Government, or one of its parts as CSV in either language.

    The file is read at once: with a fault nothing is kept, and every fault is answered with its place. Otherwise a job
    compares it with the register.
    """
    upload = call.upload
    if upload is None:
        raise ProblemError("malformed_request")
    sent = SentList(upload.file.read(), upload.media_type, upload.sha256.hex(), list_date)

    async def do(uow: UnitOfWork) -> Row:
        list_id = new_id()
        job = await begin_job(call, uow, PREVIEW, {"list": list_id})
        await receive_list(uow, sent, list_id, job["id"])
        return await _shown(call, uow, list_id)

    return await call.command(SchoolListView, do, status=202, location="/v1/school-lists/{id}")


@router.page("/school-lists", operation="lists.read", response_model=Page[SchoolListView], dated=False)
async def list_school_lists(call: Call) -> Response:
    """Lists what was sent in, the newest first."""
    order = [descending(school_lists.c.received_at), descending(school_lists.c.id)]
    async with call.read() as uow:
        return await call.page(uow, SchoolListView, listed(), order, shape=partial(_shaped, call))


@router.get("/school-lists/{id}", operation="lists.read", response_model=SchoolListView, dated=False)
async def read_school_list(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one list with its counts."""
    async with call.read() as uow:
        row = await one_list(uow.connection, id)
        return call.record(SchoolListView, _shaped(call, row) if row is not None else None)


@router.page(
    "/school-lists/{id}/rows", operation="lists.read", response_model=Page[ReportRowView], dated=False
)
async def list_school_list_rows(
    id: RecordId,  # noqa: A002  the path's own word
    call: Call,
    kind: Literal["warning", "added", "changed", "missing", "closed"] | None = None,
) -> Response:
    """Lists the rows of the report, in their order."""
    async with call.read() as uow:
        if await one_list(uow.connection, id) is None:
            raise ProblemError("not_found")
        return await call.page(
            uow,
            ReportRowView,
            report(id, [kind] if kind else []),
            [ascending(school_list_rows.c.position)],
            shape=partial(_row, call.language),
        )


@router.post(
    "/school-lists/{id}/preview", operation="lists.write", response_model=SchoolListView, status=202,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def preview_school_list(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Compares a list with the register again, because the register has moved."""
    return await _step(call, id, PREVIEW, "preview")


@router.post(
    "/school-lists/{id}/application", operation="lists.write", response_model=SchoolListView, status=202,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def apply_school_list(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Applies a list as one dated change set: all of it in one transaction, or nothing.

    The job fails with `preview_outdated` where the register has moved since the preview.
    """
    return await _step(call, id, APPLY, "application")


async def _step(call: RequestCall, list_id: str, kind: JobKind, name: str) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        held = await one_list(uow.connection, list_id, locked=True)
        if held is None:
            raise ProblemError("not_found")
        demanded(SCHOOL_LIST, held["state"], name, partial(why_not, may_write=True))
        job = await begin_job(call, uow, kind, {"list": list_id})
        await change_list(uow.connection, held, job_id=job["id"])
        return await _shown(call, uow, list_id)

    return await call.command(SchoolListView, do, status=202, location="/v1/school-lists/{id}")


async def _shown(call: RequestCall, uow: UnitOfWork, list_id: str) -> Row:
    row = await one_list(uow.connection, list_id)
    if row is None:
        raise ProblemError("not_found")
    return _shaped(call, row)


def _shaped(call: RequestCall, row: Row) -> Row:
    may_write = decide(call.principal, "lists.write", NO_MEMBERSHIPS, call.serving.roles).allowed
    steps = allowed(SCHOOL_LIST, row["state"], partial(why_not, may_write=may_write), call.language)
    return {**row, "allowed_transitions": [step.model_dump() for step in steps]}


def _row(language: Language, row: Mapping[str, Any]) -> Row:
    if row["rule"] is None:
        return {**row, "detail": None}
    found = Finding(row["rule"], row["sheet"], (), row["column"], row["value"], row["expected"])
    place = where(row["sheet"], row["rows"])
    return {**row, "detail": f"{found.text.in_(language)} {place.in_(language)}"}
