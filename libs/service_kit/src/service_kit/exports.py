"""A whole list as a stream: NDJSON, CSV or a spreadsheet of everything that its pages would show.

The query, the policy, the redaction and the filters are those of the page; the rows come through a cursor of Postgres
in a transaction of their own, some hundred at a time, so that memory does not grow with the list. Reads of personal
and confidential fields are audited portion by portion, before the portion leaves. A stream that breaks off is cut off.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncMappingResult
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from contracts.media_types import CSV, NDJSON
from service_kit.deadline import HEADER, seconds_given, within
from service_kit.export_cells import Cell, cells, columns, csv_bytes
from service_kit.headings import headings
from service_kit.models import View
from service_kit.paging import Sort, ordered
from service_kit.problems import Fault, ProblemError
from service_kit.rendering import Row, rendered, rendered_value, visible_classes
from service_kit.selection import touched
from service_kit.spreadsheets import spreadsheet

if TYPE_CHECKING:
    from service_kit.call import RequestCall

PORTION: Final = 200
"""Rows that are held at a time: as many as the largest page has."""
SECONDS: Final = 300
"""How long an export may take; the gateway gives it as much."""
_NOTHING: Final[list[list[Cell]]] = []
_OF_PAGES: Final = ("limit", "cursor", "total")


@dataclass
class ExportSlots:
    """How many exports run in this process: each holds a connection, and pages need some too."""

    taken: int = 0

    @contextmanager
    def one(self, most: int) -> Iterator[None]:
        """Takes a slot. Raises 503 with Retry-After where `most` are taken."""
        if self.taken >= most:
            raise ProblemError("unavailable", headers={"Retry-After": "5"})
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


@dataclass(frozen=True, slots=True)
class Listed:
    """What is exported: the query with filter and policy, its order, and how a row becomes the view's."""

    view: type[View]
    query: Select[Any]
    sort: Sequence[Sort]
    shape: Callable[[Row], Row] | None


class Export(StreamingResponse):
    """The answer to a list that was asked for as one of `media.EXPORTS`."""

    def __init__(self, call: "RequestCall", listed: Listed, media_type: str) -> None:
        refused = [
            Fault(name, "unknown_parameter", part="query") for name in _OF_PAGES if name in call.wishes
        ]
        if refused:
            raise ProblemError("validation_failed", errors=refused)
        super().__init__(iter(()), 200, call.list_headers(), media_type)
        self._call = call
        self._listed = listed

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams it. What fails before the first portion is there is answered as a problem."""
        call, listed = self._call, self._listed
        most = max(1, call.serving.settings.database_pool // 2)
        seconds = seconds_given(call.request.headers.get(HEADER)) or SECONDS
        async with within(seconds):
            with call.serving.exports.one(most):
                async with call.read(under=call.joined) as uow:
                    query = ordered(listed.query, listed.sort)
                    options = {"yield_per": PORTION}
                    result = await uow.connection.stream(query, execution_options=options)
                    chunks = self._chunks(result.mappings())
                    first = await anext(chunks, b"")
                    self.body_iterator = _with_first(first, chunks)
                    await super().__call__(scope, receive, send)

    def _chunks(self, result: AsyncMappingResult) -> AsyncIterator[bytes]:
        portions = self._portions(result)
        media_type = (self.media_type or "").partition(";")[0]
        if media_type == NDJSON:
            return self._ndjson(portions)
        call, view = self._call, self._listed.view
        named = [name for name in columns(view, call.decision.by_class) if touched(call.selected, name)]
        records, header = self._records(portions, named), self._header(named)
        if media_type == CSV:
            return _csv(header, records)
        return spreadsheet(view.RECORD, header, records, call.clock.system_now())

    def _header(self, named: Sequence[str]) -> Sequence[str]:
        call = self._call
        if call.wishes.get("headings") == "names":
            return named
        return headings(self._listed.view, named, call.language, call.serving.package)

    async def _portions(self, result: AsyncMappingResult) -> AsyncIterator[list[tuple[Row, Any]]]:
        """Portions of the rows that may be known, each with the classes that are shown of it; audited."""
        call, view, shape = self._call, self._listed.view, self._listed.shape
        async for rows in result.partitions(PORTION):
            shown = []
            found: Iterable[Row] = map(shape, map(dict, rows)) if shape is not None else map(dict, rows)
            for row in found:
                if visible := visible_classes(view, row, call.decision):
                    shown.append((row, visible))
                    call.note_read(view, row, visible)
            await call.audit_reads()
            yield shown

    async def _ndjson(self, portions: AsyncIterator[list[tuple[Row, Any]]]) -> AsyncIterator[bytes]:
        view, language, chosen = self._listed.view, self._call.language, self._call.selected
        async for portion in portions:
            yield b"".join(rendered(view, row, visible, language, chosen) + b"\n" for row, visible in portion)

    async def _records(
        self, portions: AsyncIterator[list[tuple[Row, Any]]], named: Sequence[str]
    ) -> AsyncIterator[list[list[Cell]]]:
        view, language, chosen = self._listed.view, self._call.language, self._call.selected
        async for portion in portions:
            yield [
                cells(rendered_value(view, row, visible, language, chosen), named) for row, visible in portion
            ]


async def _csv(header: Sequence[str], records: AsyncIterator[list[list[Cell]]]) -> AsyncIterator[bytes]:
    yield csv_bytes([header, *await anext(records, _NOTHING)])
    async for portion in records:
        yield csv_bytes(portion)


async def _with_first(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in others:
        yield chunk
