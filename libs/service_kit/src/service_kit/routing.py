"""Routes that keep the contract. An endpoint says what it is; the route checks everything that all routes check.

    router = Router("schools", Text("Schools", "Ysgolion"))

    @router.get("/schools/{number}", operation="schools.read", response_model=SchoolView)
    async def read_school(number: SchoolNumber, call: Call) -> Response: ...

Before the endpoint runs: the caller is known (401), may do the operation (403), takes what there is (406), the body
has the declared media type (415), is within its limits (413) and strict JSON (400); then every fault of path, query and
body is answered at once (422). Query parameters that the route does not know are refused. See `call` for what the
endpoint is given.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, partial, wraps
from hashlib import sha256
from typing import Any, Literal, TypeVar, cast, get_origin, get_type_hints

from fastapi import APIRouter
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from contracts.operations import OPERATIONS
from contracts.text import Text
from eventing.trace import caused_by
from service_kit import parameters
from service_kit.body import JSON, MERGE_PATCH, StrictRequest, read_json_body, refuse_body
from service_kit.call import CALL, RequestCall, open_call
from service_kit.deadline import HEADER, seconds_given, within
from service_kit.deprecation import Announcer, of_endpoint, of_parameters
from service_kit.dictionary import DESCRIPTION_CY
from service_kit.media import PAGES, wished
from service_kit.models import File, Model, View
from service_kit.parameters import FIELDS, Header, OwnParameter, Parameter
from service_kit.problems import Fault, ProblemError
from service_kit.problems.faults import from_pydantic
from service_kit.selection import items_of, unknown_fields
from service_kit.uploads import Upload, receive
from service_kit.written_forms import form_of

Endpoint = TypeVar("Endpoint", bound=Callable[..., Coroutine[Any, Any, Any]])
Kind = Literal["read", "page", "file", "command", "change", "replace"]

_faults: ContextVar[Sequence[Fault]] = ContextVar("faults", default=())


@dataclass(frozen=True)
class Contract:
    """What one route promises: who may, which parameters it knows, which body it takes."""

    operation: str
    kind: Kind
    known: Mapping[str, Parameter]
    headers: tuple[Header, ...]
    media_types: tuple[str, ...] = ()
    upload: Upload | None = None
    problems: tuple[str, ...] = ()
    own_types: bool = False


_KINDS: Mapping[Kind, tuple[tuple[Parameter, ...], tuple[Header, ...], tuple[str, ...]]] = {
    "read": ((), (parameters.IF_NONE_MATCH,), ()),
    "page": ((parameters.LIMIT, parameters.CURSOR, parameters.TOTAL, parameters.HEADINGS), (), ()),
    "file": ((), (parameters.IF_NONE_MATCH, parameters.RANGE), ()),
    "command": ((parameters.DRY_RUN,), (parameters.IDEMPOTENCY_KEY,), (JSON,)),
    "change": ((parameters.DRY_RUN,), (parameters.IF_MATCH,), (MERGE_PATCH,)),
    "replace": ((parameters.DRY_RUN,), (), (JSON,)),
}
_DATED = (parameters.VALID_AT, parameters.KNOWN_AT)
_READING: frozenset[Kind] = frozenset({"read", "page", "file"})
FILE_DEADLINE = 300
"""Seconds that a download may take: a slow line must be able to finish."""


class Router:
    """The routes of one resource, all below `/v1`. `tag` is the resource in the field's words, plural."""

    def __init__(self, tag: str, title: Text, *, prefix: str = "/v1") -> None:
        self.tag = tag
        self.title = title
        self.api = APIRouter(prefix=prefix, tags=[tag], redirect_slashes=False)

    @property
    def routes(self) -> list["Route"]:
        """Its routes under their contracts."""
        return [route for route in self.api.routes if isinstance(route, Route)]

    def get(
        self,
        path: str,
        *,
        operation: str,
        response_model: type[View],
        dated: bool = True,
        own_types: bool = False,
        selects: bool = True,
        problems: Sequence[str] = (),
    ) -> Callable[[Endpoint], Endpoint]:
        """Reads one record: ETag and If-None-Match; `valid_at` and `known_at` unless `dated` is false.

        `own_types`: the endpoint reads `Accept` itself. `selects`: takes `fields`; not where the endpoint itself
        writes the bytes of its answer.
        """
        return self._route(
            "GET", "read", path, operation, response_model, 200, dated=dated, own_types=own_types,
            selects=selects and not own_types, problems=problems,
        )  # fmt: skip

    def file(
        self, path: str, *, operation: str, problems: Sequence[str] = ()
    ) -> Callable[[Endpoint], Endpoint]:
        """Gives a file as it is: ETag and If-None-Match, a range of its bytes."""
        return self._route("GET", "file", path, operation, File, 200, problems=problems)

    def page(
        self,
        path: str,
        *,
        operation: str,
        response_model: type[View],
        dated: bool = True,
        referenced: bool = False,
        problems: Sequence[str] = (),
    ) -> Callable[[Endpoint], Endpoint]:
        """Lists records page by page (`limit`, `cursor`, `total`), or whole as `Accept` wishes (`exports`).

        `referenced` adds `external_reference`.
        """
        return self._route(
            "GET", "page", path, operation, response_model, 200, dated=dated, referenced=referenced,
            selects=True, problems=problems,
        )  # fmt: skip

    def post(
        self,
        path: str,
        *,
        operation: str,
        response_model: type[View],
        status: int = 201,
        upload: Upload | None = None,
        problems: Sequence[str] = (),
    ) -> Callable[[Endpoint], Endpoint]:
        """Creates or commands: Idempotency-Key and `dry_run`. `upload` takes a file instead of JSON."""
        return self._route(
            "POST", "command", path, operation, response_model, status, upload=upload, problems=problems
        )

    def patch(
        self, path: str, *, operation: str, response_model: type[View], problems: Sequence[str] = ()
    ) -> Callable[[Endpoint], Endpoint]:
        """Changes the fields sent (JSON Merge Patch, RFC 7396): If-Match and `dry_run`."""
        return self._route("PATCH", "change", path, operation, response_model, 200, problems=problems)

    def put(
        self,
        path: str,
        *,
        operation: str,
        response_model: type[View],
        problems: Sequence[str] = (),
        welsh: str | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Replaces what is the caller's own, such as its references; a record is never replaced whole.

        `welsh`: what the endpoint's docstring says, where the kit makes the endpoint for every service.
        """
        return self._route(
            "PUT", "replace", path, operation, response_model, 200, problems=problems, welsh=welsh
        )

    def _route(
        self,
        method: str,
        kind: Kind,
        path: str,
        operation: str,
        response_model: type[View],
        status: int,
        *,
        dated: bool = False,
        referenced: bool = False,
        upload: Upload | None = None,
        own_types: bool = False,
        selects: bool = False,
        problems: Sequence[str] = (),
        welsh: str | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        if operation not in OPERATIONS:
            raise ValueError(f"{method} {path}: no such operation: {operation}")
        query, headers, media_types = _KINDS[kind]
        query = (parameters.LANG, *query, *(_DATED if dated else ()))
        query += (parameters.EXTERNAL_REFERENCE,) if referenced else ()
        query += (parameters.FIELDS,) if selects else ()
        contract = Contract(
            operation,
            kind,
            {parameter.name: parameter for parameter in query},
            (parameters.ACCEPT_LANGUAGE, *headers),
            upload.media_types if upload is not None else media_types,
            upload,
            tuple(problems),
            own_types or kind == "file",
        )
        route_class = cast(type[APIRoute], partial(Route, contract=contract))

        def register(endpoint: Endpoint) -> Endpoint:
            self.api.add_api_route(
                path,
                endpoint,
                methods=[method],
                response_model=response_model,
                status_code=status,
                operation_id=endpoint.__name__,
                responses={"default": {"$ref": "#/components/responses/Problem"}},
                openapi_extra=_extra(contract) | ({DESCRIPTION_CY: welsh} if welsh else {}),
                route_class_override=route_class,
            )
            return endpoint

        return register


class Route(APIRoute):
    """One route under its contract."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, contract: Contract, **options: Any
    ) -> None:
        self.contract = contract
        self.body_model = _body_model(endpoint)
        super().__init__(path, _refusing_faults(endpoint), **options)
        if self.body_model is not None and contract.kind in _READING:
            raise ValueError(f"{path}: a reading route takes no body")
        self.own_query = _own_parameters(self, ParamTypes.query)
        self.own_path = _own_parameters(self, ParamTypes.path)
        self.announcer = _announcer(self, endpoint)
        if doubled := self.own_query.keys() & contract.known.keys():
            raise ValueError(f"{path}: the contract reads these parameters itself: {sorted(doubled)}")

    @cached_property
    def shown(self) -> type[View]:
        """The view of the record, or of each that is listed."""
        model: type[View] = self.response_model
        return items_of(model) if self.contract.kind == "page" else model

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler: the contract's checks around the framework's own."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            call = await open_call(request, self.contract.operation)
            request.scope[CALL] = call
            if not self.contract.own_types:
                offered = PAGES if self.contract.kind == "page" else (JSON,)
                call.media_type = wished(request.headers.get("accept"), offered)
            async with within(seconds_given(request.headers.get(HEADER))):
                answer = await answered(request, call)
            return self.announcer.answered(answer, request.query_params, call.principal.client_id)

        async def answered(request: Request, call: RequestCall) -> Response:
            values, faults = parameters.read_query(request, self.contract.known, self.own_query)
            faults += parameters.faults_in_path(request, self.own_path)
            if FIELDS.name in values:
                faults += unknown_fields(self.shown, values[FIELDS.name])
            call.take(values)
            strict = StrictRequest(request.scope, request.receive)
            found = (*faults, *await self._read_body(strict, call))
            token = _faults.set(found)
            try:
                # Events written below name this request as where their story began.
                with caused_by(call.request_id):
                    answer = await inner(strict)
                await call.audit_reads()
                return answer
            except RequestValidationError as error:
                own = [e for e in error.errors() if e["loc"][0] != "body"]
                named = {(fault.part, fault.pointer) for fault in found}
                further = from_pydantic(own, call.serving.catalogue, part=None)
                found += tuple(fault for fault in further if (fault.part, fault.pointer) not in named)
                raise ProblemError("validation_failed", errors=found) from None
            finally:
                _faults.reset(token)
                call.close()

        return handle

    async def _read_body(self, request: StrictRequest, call: RequestCall) -> Sequence[Fault]:
        """Reads the body as the contract says and leaves it in the request; gives its faults."""
        contract, settings = self.contract, call.serving.settings
        if contract.kind in _READING:
            return ()
        if contract.upload is not None:
            call.upload = await receive(request, contract.upload, settings.max_upload_bytes)
            call.fingerprint_body(call.upload.sha256)
            return ()
        if self.body_model is None:
            await refuse_body(request)
            return ()
        raw, faults = await read_json_body(
            request, self.body_model, contract.media_types, settings.max_body_bytes, call.serving.catalogue
        )
        call.fingerprint_body(sha256(raw).digest())
        return faults


def _announcer(route: APIRoute, endpoint: Callable[..., Any]) -> Announcer:
    itself = of_endpoint(endpoint)
    if itself is not None:
        route.deprecated = True
        route.openapi_extra = {**(route.openapi_extra or {}), **itself.extensions()}
    fields = {field.alias: field.field_info for field in get_flat_params(route.dependant)}
    return Announcer(route.path, itself, of_parameters(fields))


def _own_parameters(route: APIRoute, part: ParamTypes) -> Mapping[str, OwnParameter]:
    return {
        field.alias: OwnParameter(
            get_origin(field.field_info.annotation) in (list, tuple, set),
            form_of(field.field_info.annotation),
        )
        for field in get_flat_params(route.dependant)
        if getattr(field.field_info, "in_", None) == part
    }


def _refusing_faults(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, run only when no fault was found before it: so faults of all parts are answered together."""

    @wraps(endpoint)
    async def run(*args: Any, **kwargs: Any) -> Any:
        if found := _faults.get():
            raise ProblemError("validation_failed", errors=found)
        return await endpoint(*args, **kwargs)

    return run


def _body_model(endpoint: Callable[..., Any]) -> type[Model] | None:
    hints = {name: hint for name, hint in get_type_hints(endpoint).items() if name != "return"}
    models = [hint for hint in hints.values() if isinstance(hint, type) and issubclass(hint, Model)]
    others = [hint for hint in hints.values() if isinstance(hint, type) and issubclass(hint, BaseModel)]
    if len(models) > 1 or len(others) > len(models):
        raise ValueError(f"{endpoint.__qualname__}: one body, and it is a service_kit.models.Model")
    return models[0] if models else None


_ALWAYS = ("malformed_request", "token_missing", "operation_not_permitted", "not_found", "validation_failed",
           "too_many_requests", "internal_error", "unavailable", "deadline_passed")  # fmt: skip
_OF_KIND: Mapping[Kind, tuple[str, ...]] = {
    "read": (),
    "page": (),
    "file": (),
    "command": (
        "idempotency_key_required",
        "request_in_progress",
        "body_too_large",
        "unsupported_media_type",
    ),
    "change": ("precondition_failed", "precondition_required", "body_too_large", "unsupported_media_type"),
    "replace": ("body_too_large", "unsupported_media_type"),
}
_NEGOTIATED = ("not_acceptable",)


def problems_of(contract: Contract) -> tuple[str, ...]:
    """The codes that a route may answer with; `openapi` groups them by status."""
    return (
        *_ALWAYS,
        *(() if contract.own_types else _NEGOTIATED),
        *_OF_KIND[contract.kind],
        *contract.problems,
    )


def _extra(contract: Contract) -> dict[str, Any]:
    extra: dict[str, Any] = {
        "x-gwella-operation": contract.operation,
        "x-gwella-problems": list(problems_of(contract)),
        "security": [{"oauth2": [contract.operation]}],
        "parameters": parameters.described(contract.known.values(), contract.headers),
    }
    if contract.kind == "file":
        extra |= {"x-gwella-file": True, "x-gwella-deadline-seconds": FILE_DEADLINE}
    if contract.upload is not None:
        content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in contract.media_types}
        extra["requestBody"] = {"required": True, "content": content}
    return extra
