"""One request, as an endpoint sees it.

    router = Router("schools", Text("Schools", "Ysgolion"))

    @router.get("/schools/{number}", operation="schools.read", response_model=SchoolView)
    async def read_school(number: SchoolNumber, call: Call) -> Response:
        async with call.read() as uow:
            row = await schools.one(uow, number, call.valid_at, call.known_at)      # None: 404
            return call.record(SchoolView, row)

    @router.page("/schools", operation="schools.read", response_model=Page[SchoolView])
    async def list_schools(call: Call, sector: str | None = None) -> Response:
        async with call.read() as uow:
            query = schools.listed(call.rows(DataClass.public), call.valid_at, call.known_at, sector)
            return await call.page(uow, SchoolView, query, [ascending(slices.c.name_sort)])

    @router.post("/schools", operation="schools.write", response_model=SchoolView, problems=["already_exists"])
    async def open_school(new: NewSchool, call: Call) -> Response:
        async def do(uow: UnitOfWork) -> Row:
            return await opening.open_school(uow, new.number, ...)
        return await call.command(SchoolView, do, location="/v1/schools/{school}")

    @router.patch("/schools/{number}", operation="schools.write", response_model=SchoolView)
    async def change_school(number: SchoolNumber, patch: SchoolPatch, call: Call) -> Response:
        async def load(uow: UnitOfWork) -> Row | None:
            return await schools.one(uow, number, call.valid_at)
        async def do(uow: UnitOfWork, held: Row) -> None:
            await changing.change_school(uow, held, patch, call.expected_version)   # to Write.expected_version
        return await call.change(SchoolView, load, do)

A row is a mapping with `version` (or `shown_version`), `slice` where the record has slices, and the members that the
view's SCOPED_BY names. Raise ProblemError anywhere: everything is rolled back. What a caller may see of an answer is
decided by `<resource>.read`, also after a write: a right to write does not include the right to read.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends
from sqlalchemy import ColumnElement, Select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.media_types import JSON
from contracts.operations import OPERATIONS
from contracts.text import Language
from service_kit import external_references, preconditions
from service_kit.audit.entries import reading
from service_kit.clock import Clock
from service_kit.commands import Command, Do, Load, run_change, run_command
from service_kit.journal import Actor
from service_kit.language import DEFAULT, wished
from service_kit.listing import list_page
from service_kit.models import View, adapter, field_classes
from service_kit.moving import looks_back, with_history
from service_kit.paging import Sort
from service_kit.policy.dated import turns_on_memberships
from service_kit.policy.decide import Decision, decide
from service_kit.policy.enforcing import require
from service_kit.policy.memberships import NO_MEMBERSHIPS, Memberships
from service_kit.policy.rls import EVERYTHING, RLS_SETTINGS, apply_settings, session_settings
from service_kit.policy.scope import RowScope
from service_kit.problems import ProblemError
from service_kit.refusals import refused_by_database
from service_kit.rendering import Row, rendered, version_of, visible_classes
from service_kit.request_ids import request_id_of
from service_kit.selection import Selection, included, touched
from service_kit.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from service_kit.serving import Serving
    from service_kit.uploads import Received

CALL: Final = "gwella.call"
"""Where the ASGI scope keeps the call."""

_AUDITED: Final = frozenset({DataClass.personal, DataClass.confidential})
_TO_FIND_MEMBERSHIPS: Final = {EVERYTHING: ",".join(DataClass)}
"""While the service answers which schools this caller leads, no rows are hidden: the question is about the caller."""


class _RolledBack(Exception):
    """A dry run has its answer; nothing of it stays."""


class RequestCall:
    """One authenticated request whose operation is permitted; rows and columns are decided in its transaction."""

    def __init__(self, request: Request, serving: "Serving", decision: Decision, language: Language) -> None:
        self.request = request
        self.serving = serving
        self.decision = decision
        self.principal = decision.principal
        self.language = language
        self.request_id = request_id_of(request.scope)
        self.clock: Clock = serving.clock
        self.wishes: Mapping[str, Any] = {}
        self.upload: Received | None = None
        self.joined: Decision | None = None
        self.further_audits: list[Callable[[], Awaitable[None]]] = []
        self.media_type: str = JSON
        self.selected: Selection | None = None
        self._memberships: Memberships | None = None
        self._body_digest = b""
        self._shown: defaultdict[tuple[str, DataClass], list[str]] = defaultdict(list)

    @property
    def valid_at(self) -> date:
        """The day for which it is asked; today in Wales where the caller named none."""
        day: date | None = self.wishes.get("valid_at")
        return self.clock.today() if day is None else day

    @property
    def known_at(self) -> datetime | None:
        """The moment as of which it is asked; None: as known now."""
        return self.wishes.get("known_at")

    @property
    def dry_run(self) -> bool:
        """Whether everything is evaluated and nothing kept."""
        return bool(self.wishes.get("dry_run"))

    @property
    def external_reference(self) -> str | None:
        """The caller's own reference by which a list is filtered."""
        return self.wishes.get("external_reference")

    @property
    def expected_version(self) -> int:
        """The version that If-Match names. Raises 428 or 412 (`preconditions.expected_version`)."""
        return preconditions.expected_version(self.request.headers.get("if-match"))

    def rows(self, data_class: DataClass) -> RowScope:
        """The rows of which columns of this class may be had: for the query's own condition (`row_predicate`).

        Asked inside a transaction, where the caller's memberships are known; before, it raises RuntimeError.
        """
        if self._memberships is None and self.needs_memberships(()):
            raise RuntimeError("the rows of this caller are known inside a transaction only")
        return self.decision.rows(data_class)

    @property
    def reading(self) -> Decision:
        """What the caller may see of the resource: the decision on `<resource>.read`."""
        operation = self.decision.operation.partition(".")[0] + ".read"
        if operation == self.decision.operation or operation not in OPERATIONS:
            return self.decision
        return self._decide(operation)

    @property
    def memberships(self) -> Memberships:
        """The dated facts on which this caller's rights turn; they are found as a transaction begins."""
        return self._memberships or NO_MEMBERSHIPS

    async def under(self, uow: UnitOfWork, decision: Decision) -> None:
        """Puts the transaction under another decision's row-level security: for what joins several resources."""
        self.joined = decision
        blank = dict.fromkeys(RLS_SETTINGS, "")
        await apply_settings(uow.connection, blank | dict(session_settings(decision)))

    @asynccontextmanager
    async def read(
        self, *, operations: Collection[str] = (), under: Decision | None = None
    ) -> AsyncIterator[UnitOfWork]:
        """A read-only transaction under the caller's row-level security.

        For what joins several resources: `operations` are those that it decides beside the request's own, `under` is
        the decision that joins them, once it is known.
        """
        async with self._transaction(read_only=True, operations=operations, under=under) as uow:
            yield uow

    @asynccontextmanager
    async def read_only_view(self) -> AsyncIterator[UnitOfWork]:
        """As `read`, under what the caller may see of the resource rather than what it may write."""
        async with self._transaction(read_only=True, reading=True) as uow:
            yield uow

    @asynccontextmanager
    async def write(self) -> AsyncIterator[UnitOfWork]:
        """A writing transaction; a dry run is evaluated to the end and rolled back. Prefer `command` and `change`."""
        try:
            async with self._transaction(read_only=False) as uow:
                yield uow
                if self.dry_run:
                    # What Postgres would only check at the commit, it checks now.
                    await uow.connection.execute(text("set constraints all immediate"))
                    raise _RolledBack
        except _RolledBack:
            return

    @asynccontextmanager
    async def _transaction(
        self, *, read_only: bool, reading: bool = False, operations: Collection[str] = (),
        under: Decision | None = None,
    ) -> AsyncIterator[UnitOfWork]:  # fmt: skip
        database, journal = self.serving.database, self.serving.journal
        if database is None or journal is None:
            raise RuntimeError(f"{self.serving.service} has no database")
        known = self._memberships is not None or not self.needs_memberships(operations)
        self.joined = under
        held = under or (self.reading if reading else self.decision)
        first = session_settings(held) if known else _TO_FIND_MEMBERSHIPS
        with refused_by_database():
            async with database.transaction(first, read_only=read_only) as connection:
                if not known:
                    await self._find_memberships(connection)
                    now = session_settings(self.reading if reading else self.decision)
                    await apply_settings(connection, {**dict.fromkeys(RLS_SETTINGS, ""), **now})
                yield UnitOfWork(connection, self.clock, self._actor(), journal)

    def _actor(self) -> Actor:
        return Actor(self.principal.subject, self.principal.client_id, self.request_id, self.principal)

    def needs_memberships(self, beside: Collection[str]) -> bool:
        """Whether this caller's rights to its operation and those beside it turn on dated facts, found or not."""
        if self.serving.memberships is None:
            return False
        operations = {self.decision.operation, self.decision.operation.partition(".")[0] + ".read", *beside}
        past = looks_back(self.wishes, self.serving.moved_schools)
        return past or turns_on_memberships(self.principal, operations, self.serving.roles)

    async def _find_memberships(self, connection: AsyncConnection) -> None:
        if self.serving.memberships is None:
            return
        found = await self.serving.memberships(connection, self.principal, self.clock.today())
        self._memberships = await with_history(connection, found, self.wishes, self.serving.moved_schools)
        self.decision = self._decide(self.decision.operation)

    def _decide(self, operation: str) -> Decision:
        return decide(self.principal, operation, self._memberships or NO_MEMBERSHIPS, self.serving.roles)

    def record(
        self, view: type[View], row: Row | None, *, status: int = 200, location: str | None = None,
        shown_under: str | None = None,
    ) -> Response:  # fmt: skip
        """One record with its ETag; 304 where the caller holds it already, 404 where it may not know of it."""
        decision = self.reading if shown_under is None else self._decide(shown_under)
        visible = visible_classes(view, row, decision) if row is not None else frozenset()
        if row is None or not visible:
            raise ProblemError("not_found")
        tag = self.etag(view, row, visible)
        headers = {**self.headers(), "ETag": tag}
        if self._holds(tag):
            return Response(status_code=304, headers=headers)
        if location is not None:
            headers["Location"] = location.format_map(row)
        self.note_read(view, row, visible)
        body = rendered(view, row, visible, self.language, self.selected)
        return Response(body, status, headers, JSON)

    def answer(self, value: View, *, status: int = 200) -> Response:
        """An answer that is no record (`/v1/me`, a code list): nothing is redacted, the ETag is of its bytes."""
        chosen = None if self.selected is None else included(type(value), self.selected)
        body = adapter(type(value)).dump_json(value, include=chosen, context={"language": self.language})
        tag = f'"{sha256(body).hexdigest()[:24]}"'
        headers = {**self.headers(), "ETag": tag}
        if self._holds(tag):
            return Response(status_code=304, headers=headers)
        self.note_read(type(value), self.request.path_params, _AUDITED)
        return Response(body, status, headers, "application/json")

    def _holds(self, tag: str) -> bool:
        held = self.request.headers.get("if-none-match")
        return self.request.method == "GET" and preconditions.unchanged(held, tag)

    async def page(
        self,
        uow: UnitOfWork,
        view: type[View],
        query: Select[Any],
        sort: Sequence[Sort],
        *,
        shape: Callable[[Row], Row] | None = None,
    ) -> Response:
        """One page of a query that holds the filter and the policy's condition; order and limit are added here.

        The last of `sort` is unique; every name of `sort` is a member of the row. `shape` makes what the view wants
        of a row of the query.
        """
        return await list_page(self, uow, view, query, sort, shape)

    def with_references(
        self, query: Select[Any], record_type: str, id_column: ColumnElement[str]
    ) -> Select[Any]:
        """Adds the caller's own references as `external_references`, and the filter where one was asked for."""
        if self.serving.foundation is None:
            raise RuntimeError(f"{self.serving.service} has no database")
        table, client = self.serving.foundation.external_references, self.principal.client_id
        query = query.add_columns(external_references.own_references(table, client, record_type, id_column))
        if (said := self.external_reference) is None:
            return query
        return query.where(external_references.referenced(table, client, record_type, id_column, said))

    async def command(
        self, view: type[View], do: Command, *, status: int = 201, location: str | None = None,
        shown_under: str | None = None,
    ) -> Response:  # fmt: skip
        """Creates or commands: `do` works in the transaction and gives the row to answer with.

        The answer is stored under the Idempotency-Key in the same transaction and replayed for 24 hours. `location`
        is a template over the row's members. `shown_under` names the operation by which the answer is redacted, where
        it is not the resource's own reading; whoever may see nothing of what it made is refused (404).
        """
        return await run_command(self, view, do, status=status, location=location, shown_under=shown_under)

    async def change(self, view: type[View], load: Load, do: Do) -> Response:
        """Changes one record under If-Match: loads it, lets `do` change it, answers with it as it is then.

        Raises 428 without If-Match, 412 with the current record where it is stale, 404 or 403 where the caller may
        not know of it or not change it.
        """
        return await run_change(self, view, load, do)

    def take(self, wishes: Mapping[str, Any]) -> None:
        """Takes the values of the contract's parameters; `?lang=` is among them."""
        self.wishes, self.selected = wishes, wishes.get("fields")
        self.language = wishes.get("lang", self.language)

    def fingerprint_body(self, digest: bytes) -> None:
        """Remembers the digest of the body, by which a repeated command is known."""
        self._body_digest = digest

    @property
    def body_digest(self) -> bytes:
        """The digest of the body; empty where there was none."""
        return self._body_digest

    def note_read(self, view: type[View], row: Row, visible: frozenset[DataClass]) -> None:
        """Remembers that personal or confidential fields of a record are shown."""
        classes = {c for name, c in field_classes(view).items() if touched(self.selected, name)}
        for data_class in _AUDITED & visible & classes:
            self._shown[view.RECORD, data_class].append(str(row.get("id", "")))

    async def audit_reads(self) -> None:
        """Hands what was shown to the audit's queue, before the answer leaves; one entry per answer and class."""
        for further in self.further_audits:
            await further()
        audited = self.serving.read_audit
        if audited is None:
            return
        shown, self._shown = self._shown, defaultdict(list)
        for (record, data_class), ids in shown.items():
            entry = reading(
                actor=self._actor(), at=self.clock.now(), operation=self.decision.operation,
                record=record, record_ids=ids, data_class=data_class,
            )  # fmt: skip
            await audited.note(entry)

    def close(self) -> None:
        """Frees what the request holds."""
        if self.upload is not None:
            self.upload.file.close()

    def headers(self) -> dict[str, str]:
        """What every answer carries: its language, and that it is for this caller only."""
        shown = {
            "Content-Language": self.language,
            "Vary": "Accept-Language, Authorization",
            "Cache-Control": "private, no-cache",
        }
        return shown | {"Dry-Run": "true"} if self.dry_run else shown

    def list_headers(self) -> dict[str, str]:
        """As `headers`, where `Accept` decides too."""
        return self.headers() | {"Vary": "Accept, Accept-Language, Authorization"}

    def etag(self, view: type[View], row: Row, visible: frozenset[DataClass]) -> str:
        """The tag of a record as this caller sees it."""
        # The caller's own references are no version of the record, and part of what it is shown.
        told = (self.language, *row.get("external_references", ()), *sorted(self.selected or ()))
        shown = (view.__name__, row.get("id", ""), row.get("slice", ""), *sorted(visible), *told)
        return preconditions.etag(version_of(row), shown)


async def open_call(request: Request, operation: str) -> RequestCall:
    """Knows the caller and that it may do the operation. Raises 401 or 403 `operation_not_permitted`."""
    serving: Serving = request.app.state.serving
    principal = await serving.authenticate(request.headers.get("authorization"))
    decision = decide(principal, operation, NO_MEMBERSHIPS, serving.roles)
    require(decision)
    language = wished(request.headers.get("accept-language")) or principal.language or DEFAULT
    return RequestCall(request, serving, decision, language)


async def _current(request: Request) -> RequestCall:
    call: RequestCall = request.scope[CALL]
    return call


Call = Annotated[RequestCall, Depends(_current)]
"""What an endpoint declares to be given its request."""
