"""Composed answers: a school's profile, an authority's dashboard and an adviser's caseload (C-17, D-26).

`GET /v1/schools/{school_number}/profile`, `GET /v1/authorities/{authority}/dashboard`,
`GET /v1/advisers/{person_id}/caseload`. Each section is a resource of
its own, read with the caller's token as the caller could read it: what is not there says why.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic_ns
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

import orjson
from fastapi import Path, Query
from pydantic import Field, create_model
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AUTHORITY_CODE_PATTERN, SCHOOL_NUMBER_PATTERN, RecordId
from contracts.text import Text
from gateway.api.observing import Observer
from gateway.domain.composition import CASELOAD, DASHBOARD, PROFILE, Outcome, Part, Section, digest_of
from gateway.domain.headers import forwarded
from gateway.usecases.admit import Callers, enter, held_back
from gateway.usecases.compose import Asked, Composer, Elsewhere, RefusedWhole
from gateway.usecases.remember import Remembered, Version, may_not_be_heard_yet
from service_kit.call import Call, RequestCall
from service_kit.dictionary import DESCRIPTION_CY
from service_kit.models import Timestamp, View
from service_kit.preconditions import unchanged
from service_kit.problems import PROBLEM_MEDIA_TYPE, ProblemError
from service_kit.routing import Router

router = Router("compositions", Text("Composed views", "Golygon cyfansawdd"))

COMPOSING = "composing"
"""Where the application's state keeps the parts."""


@dataclass(frozen=True, slots=True)
class Composing:
    """What a composed answer needs of the gateway."""

    composer: Composer
    remembered: Remembered
    callers: Callers
    observer: Observer


class SectionView(View, data_class=DataClass.public):
    """One section: what the resource at `link` answered, or why it is missing. Never a silent null."""

    title: str
    """In the language of the answer."""
    status: Outcome
    """`not_permitted` and `not_known` say what your rights are, the others what another moment may mend."""
    as_of: Timestamp
    """When it was read."""
    link: str
    """The whole resource: ask there for more pages, other days, other filters."""
    data: dict[str, Any] = Field(default_factory=dict)
    """As the resource at `link` is described; only where `status` is `ok`."""
    problem: dict[str, Any] = Field(default_factory=dict)
    """RFC 9457; only where `status` is not `ok`."""


def _sections_of(name: str, parts: Sequence[Part]) -> type[View]:
    """A view with one member for each part; those that only some requests have are not required."""
    fields: dict[str, Any] = {}
    for part in parts:
        english, welsh = f"{part.title.en}: `{part.path}`", f"{part.title.cy}: `{part.path}`"
        if part.only_with is not None:
            english += f"; where the request names `{part.only_with}`"
            welsh += f"; lle mae'r cais yn enwi `{part.only_with}`"
        described: dict[str, Any] = {"description": english, "json_schema_extra": {DESCRIPTION_CY: welsh}}
        if part.only_with is not None:
            described["default_factory"] = lambda: None
        fields[part.name] = (SectionView, Field(**described))
    made = create_model(name, __base__=View, __cls_kwargs__={"data_class": DataClass.public}, **fields)
    return cast("type[View]", made)


ProfileSections = _sections_of("ProfileSections", PROFILE)
DashboardSections = _sections_of("DashboardSections", DASHBOARD)
CaseloadSections = _sections_of("CaseloadSections", CASELOAD)


class CompositionView(View, data_class=DataClass.public):
    """Several resources about one thing, read together."""

    as_of: Timestamp
    """When it was composed."""
    complete: bool
    """Whether every section is there that your rights open."""


class SchoolProfileView(CompositionView, data_class=DataClass.public):
    """Everything that you may know of a school."""

    school_number: str
    sections: ProfileSections  # type: ignore[valid-type]


class AuthorityDashboardView(CompositionView, data_class=DataClass.public):
    """How an authority's schools stand."""

    authority: str
    sections: DashboardSections  # type: ignore[valid-type]


class AdviserCaseloadView(CompositionView, data_class=DataClass.public):
    """The schools that an adviser leads, and what they ask of the adviser."""

    person_id: str
    sections: CaseloadSections  # type: ignore[valid-type]


@router.get(
    "/schools/{school_number}/profile",
    operation="schools.read",
    response_model=SchoolProfileView,
    dated=False,
    selects=False,
)
async def read_school_profile(
    school_number: Annotated[str, Path(pattern=SCHOOL_NUMBER_PATTERN)],
    call: Call,
    resolve: bool = False,
    changes_after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    """Reads a school with everything around it, each section as far as you may see it.

    `resolve` answers for a closed school as the school itself does. `changes_after` adds what the feed has told of the
    school since: give it `version` of the profile that you hold.
    """
    values = {
        # The first three digits of a school's number are its authority's code.
        "school_number": school_number, "authority": school_number[:3], "resolve": str(resolve).lower(),
    }  # fmt: skip
    if changes_after is not None:
        values["changes_after"] = str(changes_after)
    return await _answered(call, PROFILE, values, {"school_number": school_number}, "profile")


@router.get(
    "/authorities/{authority}/dashboard", operation="authorities.read", response_model=AuthorityDashboardView,
    dated=False,
    selects=False,
)  # fmt: skip
async def read_authority_dashboard(
    authority: Annotated[str, Path(pattern=AUTHORITY_CODE_PATTERN)], call: Call
) -> Response:
    """Reads an authority with the counts of its schools, what is owed, late and ahead, as far as you may see it."""
    values = {"authority": authority, "today": call.clock.today().isoformat()}
    return await _answered(call, DASHBOARD, values, {"authority": authority}, "dashboard")


@router.get(
    "/advisers/{person_id}/caseload",
    operation="allocations.read",
    response_model=AdviserCaseloadView,
    dated=False,
    selects=False,
)
async def read_adviser_caseload(person_id: RecordId, call: Call) -> Response:
    """Reads an adviser with the schools that they lead today: visits, monitoring, actions, support, as you see them."""
    values = {"person_id": person_id, "today": call.clock.today().isoformat()}
    return await _answered(call, CASELOAD, values, {"person_id": person_id}, "caseload")


async def _answered(
    call: RequestCall, parts: Sequence[Part], values: Mapping[str, str], about: Mapping[str, str], name: str
) -> Response:
    """The composed answer, observed and within the client's limits as one that is passed through."""
    composing: Composing = getattr(call.request.app.state, COMPOSING)
    scope = call.request.scope
    observation = composing.observer.begin("GET", scope["route"].path_format)
    observation.client_id = call.principal.client_id
    try:
        response = await _within_limits(composing, call, parts, values, about, name, observation.traceparent)
        observation.status = response.status_code
    except ProblemError as refusal:
        observation.code = refusal.code
        observation.status = call.serving.catalogue.problems[refusal.code].status
        await held_back(refusal)
        raise
    finally:
        composing.observer.end(observation, call.request_id.encode())
    return response


async def _within_limits(
    composing: Composing,
    call: RequestCall,
    parts: Sequence[Part],
    values: Mapping[str, str],
    about: Mapping[str, str],
    name: str,
    traceparent: str,
) -> Response:
    line = call.request.headers["authorization"].encode("latin-1")
    caller = composing.callers.known(line) or await composing.callers.verify(line)
    asked = Asked(values, _lines(call, traceparent), call.language, call.request_id, caller.may)
    # It costs what it asks: else one client could ask fifteen times what its rate allows.
    limits = enter(caller.allowance, composing.composer.requests(parts, asked))
    try:
        # Its own change must be in what it reads next, also before the exchange has heard of it.
        lately = may_not_be_heard_yet(caller.allowance.wrote_at, monotonic_ns())
        response = await _conditional(composing, call, parts, asked, about, name, trusting=not lately)
    finally:
        caller.allowance.in_flight -= 1
    for header, value in limits:
        response.headers[header.decode()] = value.decode()
    return response


async def _conditional(
    composing: Composing,
    call: RequestCall,
    parts: Sequence[Part],
    asked: Asked,
    about: Mapping[str, str],
    name: str,
    *,
    trusting: bool,
) -> Response:
    remembered, composer = composing.remembered, composing.composer
    key: Hashable = (
        call.principal, name, tuple(sorted(asked.values.items())), call.language, call.clock.today(),
    )  # fmt: skip
    held, tag = call.request.headers.get("if-none-match"), remembered.tag(key)
    if trusting and tag is not None and unchanged(held, tag):
        [versioned] = [part for part in parts if part.version]
        version = _version(await composer.section(versioned, asked))
        if version is not None and remembered.unchanged(key, version):
            return Response(status_code=304, headers={**call.headers(), "ETag": _weak(tag)})
    try:
        sections = await composer.compose(parts, asked)
    except Elsewhere as elsewhere:
        return _moved(call, elsewhere.location, name)
    except RefusedWhole as refused:
        headers = {**call.headers(), "Cache-Control": "no-store"}
        return Response(orjson.dumps(refused.document), refused.status, headers, PROBLEM_MEDIA_TYPE)
    version = next((_version(section) for section in sections if section.part.version), None)
    made = digest_of(sections, call.language, None if version is None else version.same)
    if made is None:
        remembered.forget(key)
        return _body(call, sections, about, {"Cache-Control": "no-store"})
    if version is not None:
        remembered.keep(key, made, version)
    if unchanged(held, made):
        return Response(status_code=304, headers={**call.headers(), "ETag": _weak(made)})
    return _body(call, sections, about, {"ETag": _weak(made)})


def _lines(call: RequestCall, traceparent: str) -> list[tuple[str, str]]:
    scope, sent = call.request.scope, call.request.headers
    return [
        ("authorization", sent["authorization"]),
        ("accept", "application/json"),
        ("accept-language", call.language),
        ("x-request-id", call.request_id),
        ("traceparent", traceparent),
        (
            "forwarded",
            forwarded(scope.get("client"), sent.get("host", "").encode("latin-1"), scope["scheme"]),
        ),
    ]


def _version(section: Section) -> Version | None:
    """What the exchange says; None where it could not be asked."""
    if section.body is None:
        return None
    told = orjson.loads(section.body)
    return Version(told["version"], told["rights"], told["settled"])


def _weak(tag: str) -> str:
    """The moments in the body differ from answer to answer, so the tag promises the same meaning, not bytes."""
    return f"W/{tag}"


def _moved(call: RequestCall, location: str, name: str) -> Response:
    parts = urlsplit(location)
    target = f"{parts.path}/{name}" + (f"?{parts.query}" if parts.query else "")
    return Response(status_code=308, headers={**call.headers(), "Location": target})


def _body(
    call: RequestCall, sections: Sequence[Section], about: Mapping[str, str], headers: Mapping[str, str]
) -> Response:
    now = call.clock.now()
    body = {
        **about,
        "as_of": now,
        "complete": not any(section.failed for section in sections),
        "sections": {section.part.name: _shown(call, section) for section in sections},
    }
    return Response(orjson.dumps(body), 200, {**call.headers(), **headers}, "application/json")


def _shown(call: RequestCall, section: Section) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "title": section.part.title.in_(call.language),
        "status": section.outcome,
        "as_of": section.as_of,
        "link": section.link,
    }
    if section.body is not None:
        shown["data"] = orjson.Fragment(section.body)
    if section.problem is not None:
        shown["problem"] = section.problem
    return shown
