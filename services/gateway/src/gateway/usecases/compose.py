"""Asks the parts of a composition of their services, all at once, each under a deadline of its own.

A part that fails is a section that says so; it never fails the whole. What the caller's roles do not open is not even
asked for. Only the essential part decides whether there is anything to answer.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from contracts.text import Language
from gateway.domain.composition import Outcome, Part, Section
from gateway.domain.routes import RoutedOperation, RouteTable
from service_kit.circuit import Circuit
from service_kit.clock import Clock
from service_kit.deadline import HEADER
from service_kit.http_client import Headers, Upstream, UpstreamError, UpstreamTimeout, UpstreamUnavailable
from service_kit.problems import Catalogue, ProblemError
from service_kit.problems.render import as_document

MOST_BYTES: Final = 4_194_304
"""A section that is larger counts as a broken answer; a page of 200 records is far smaller."""
GRACE: Final = 0.25
"""Seconds beyond the deadline in which the service may still say itself that it was too late."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a composition: what the parts are about, and who asks.

    `lines` go to every service: token, language, request id, trace. `permits` says whether the caller may ask for an
    operation.
    """

    values: Mapping[str, str]
    lines: Headers
    language: Language
    request_id: str
    permits: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str | None
    body: bytes


class Elsewhere(Exception):
    """The essential resource has another address: `location` is where the service sends its reader."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class RefusedWhole(Exception):
    """The essential part was refused: its status and the service's own problem document are the answer."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.document = document


class Composer:
    """Composes answers from the services behind. `table` says who answers a path and which operation it needs."""

    def __init__(
        self, table: RouteTable, upstreams: Mapping[str, Upstream], catalogue: Catalogue, clock: Clock
    ) -> None:
        self._table = table
        self._upstreams = upstreams
        self._catalogue = catalogue
        self._clock = clock

    async def compose(self, parts: Sequence[Part], asked: Asked) -> list[Section]:
        """The sections in the order of the parts.

        Raises Elsewhere and RefusedWhole as the essential part's service answers, at once: then nobody waits for the
        others; and ProblemError where no section at all could be had.
        """
        wanted = [part for part in parts if part.only_with is None or part.only_with in asked.values]
        tasks = [asyncio.create_task(self.section(part, asked)) for part in wanted]
        try:
            for part, task in zip(wanted, tasks, strict=True):
                if part.essential:
                    await task
            sections = [await task for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            # Those that were given up end before we do; what they raise is theirs.
            await asyncio.gather(*tasks, return_exceptions=True)
        if all(section.failed for section in sections if not section.part.version):
            raise ProblemError("unavailable", headers={"Retry-After": "1"})
        return sections

    def circuit(self, service: str) -> Circuit:
        """What holds calls to a service back while it fails. Raises KeyError for a service that nothing is asked of."""
        return self._upstreams[service].circuit

    def requests(self, parts: Sequence[Part], asked: Asked) -> int:
        """How many requests a composition asks of the services."""
        return sum(part.only_with is None or part.only_with in asked.values for part in parts)

    async def section(self, part: Part, asked: Asked) -> Section:
        """One section. Raises Elsewhere and RefusedWhole where the part is essential."""
        link = part.target(asked.values)
        operation = self._operation(link)
        if operation is None or operation.service not in self._upstreams:
            return self._missing(part, link, asked, "upstream_unavailable", {"service": part.name})
        if not asked.permits(operation.operation):
            return self._missing(
                part, link, asked, "operation_not_permitted", {"operation": operation.operation}
            )
        upstream = self._upstreams[operation.service]
        try:
            answer = await _ask(upstream, link, asked.lines, part.deadline)
        except UpstreamTimeout:
            params = {"service": upstream.name, "seconds": f"{part.deadline:g}"}
            return self._missing(part, link, asked, "upstream_timeout", params)
        except UpstreamUnavailable:
            return self._missing(part, link, asked, "upstream_unavailable", {"service": upstream.name})
        except UpstreamError:
            return self._missing(part, link, asked, "upstream_broken", {"service": upstream.name})
        if answer.status == 200 and _is_object(answer.body):
            return Section(part, Outcome.ok, link, self._clock.now(), body=answer.body)
        return self._refused(part, link, asked, upstream, answer)

    def _operation(self, link: str) -> RoutedOperation | None:
        route = self._table.match(link.partition("?")[0])
        return None if route is None else route.methods.get("GET")

    def _refused(self, part: Part, link: str, asked: Asked, upstream: Upstream, answer: _Answer) -> Section:
        document = _problem(answer.body)
        if part.essential and answer.status in _REDIRECTS and answer.location is not None:
            raise Elsewhere(answer.location)
        if part.essential and answer.status in _OF_THE_WHOLE and document is not None:
            raise RefusedWhole(answer.status, document)
        outcome = _OUTCOMES.get(answer.status, Outcome.unavailable)
        # Also where it says 200 and sends rubbish.
        if document is None or answer.status in _OUR_FAULT:
            # Nothing that a reader of ours could do about it.
            return self._missing(part, link, asked, "upstream_broken", {"service": upstream.name})
        return Section(part, outcome, link, self._clock.now(), problem=document)

    def _missing(self, part: Part, link: str, asked: Asked, code: str, params: Mapping[str, Any]) -> Section:
        problem = as_document(ProblemError(code, params), self._catalogue, asked.language, asked.request_id)
        outcome = _OUTCOMES.get(problem["status"], Outcome.unavailable)
        return Section(part, outcome, link, self._clock.now(), problem=problem)


_REDIRECTS: Final = frozenset({301, 308})
_OF_THE_WHOLE: Final = frozenset({401, 403, 404, 410})
_OUR_FAULT: Final = frozenset({400, 401, 405, 406, 415, 422})
"""The gateway asked wrongly, or the token ended meanwhile."""
_OUTCOMES: Final[Mapping[int, Outcome]] = {
    403: Outcome.not_permitted,
    404: Outcome.not_known,
    410: Outcome.not_known,
    504: Outcome.timed_out,
}


async def _ask(upstream: Upstream, target: str, lines: Headers, deadline: float) -> _Answer:
    told = [*lines, (HEADER.lower(), str(round(deadline * 1000)))]
    try:
        async with asyncio.timeout(deadline + GRACE):
            response = await upstream.send("GET", target, told, None, None)
            try:
                body = await response.read(MOST_BYTES)
                found = {name.lower(): value for name, value in response.raw_headers}
                location = found.get(b"location")
                return _Answer(
                    response.status, None if location is None else location.decode("latin-1"), body
                )
            finally:
                response.close()
    except TimeoutError:
        raise upstream.timed_out() from None


def _is_object(body: bytes) -> bool:
    """Whether it is a JSON object: anything else, put into the whole as it is, would spoil what the others answered."""
    try:
        return isinstance(orjson.loads(body), dict)
    except orjson.JSONDecodeError:
        return False


def _problem(body: bytes) -> Mapping[str, Any] | None:
    """The problem document of a refusal; None where it is none."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) and "code" in document else None
