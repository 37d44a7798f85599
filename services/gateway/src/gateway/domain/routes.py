"""The route table: which service answers a path, and which operation a caller needs for it.

Compiled once from the services' own OpenAPI documents, so the gateway can have no route that no service has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

METHODS: Final = ("get", "post", "patch", "put", "delete")
OPERATION: Final = "x-gwella-operation"
"""Extension of an OpenAPI operation: the operation (= scope) that it needs."""
DEADLINE: Final = "x-gwella-deadline-seconds"
"""Extension of an OpenAPI operation whose deadline is not the usual one."""
DEFAULT_DEADLINE: Final = 30.0
UPLOAD_DEADLINE: Final = 300.0
"""For bodies that are files: a slow line must be able to finish; read timeouts bound a stalled one. Seconds."""
_UPLOAD_LINE: Final = str(round(UPLOAD_DEADLINE * 1000))
_EXPORTS: Final = (b"ndjson", b"csv", b"opendocument")
PUBLIC_PREFIX: Final = "/v1/"


class RouteError(ValueError):
    """A document cannot be compiled: the message names service, method and path."""


@dataclass(frozen=True, slots=True)
class RoutedOperation:
    """One method of one path: what is needed for it and how long it may take.

    `deadline` is in seconds, `deadline_line` the same as the header line that tells the service (milliseconds).
    `exports`: a list that is also given whole, as a stream.
    `shared`: all services that answer this path, where they are several; ids then begin with the service's name.
    """

    service: str
    method: str
    template: str
    operation: str
    deadline: float
    deadline_line: str
    upload: bool
    shared: tuple[str, ...] = ()
    exports: bool = False

    def time_for(self, accept: bytes | None) -> tuple[float, str]:
        """Deadline and its line for what `Accept` names; a list that is exported whole may take as long as a file."""
        if self.exports and accept is not None and any(kind in accept.lower() for kind in _EXPORTS):
            return UPLOAD_DEADLINE, _UPLOAD_LINE
        return self.deadline, self.deadline_line

    @property
    def is_shared_list(self) -> bool:
        """Whether every service answers with a part of one list."""
        return bool(self.shared) and "{" not in self.template

    def service_of(self, path: str) -> str | None:
        """The service that answers this path; None where the id in it is of none of those that share the path."""
        if not self.shared:
            return self.service
        at = next(i for i, part in enumerate(self.template.split("/")) if part.startswith("{"))
        id_ = path.split("/")[at]
        return next((name for name in self.shared if id_.startswith(f"{name}-")), None)


@dataclass(frozen=True, slots=True)
class Route:
    """One path of one service. `methods` has HEAD where there is GET; `allow` is the Allow header's value."""

    template: str
    methods: Mapping[str, RoutedOperation]
    allow: str


class _Node:
    __slots__ = ("literals", "parameter", "route")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.route: Route | None = None


class RouteTable:
    """Finds the route of a path; a literal segment goes before a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._place(route)

    def match(self, path: str) -> Route | None:
        """The route of a decoded path, or None.

        Empty, `.` and `..` segments match nothing: gateway and service would read such a path differently.
        """
        node: _Node | None = self._root
        segments = path.split("/")
        del segments[0]
        # The straight way first; only a path whose literal led into a dead end needs the search.
        for segment in segments:
            if node is None:
                break
            node = node.literals.get(segment) or (node.parameter if segment not in _NO_VALUE else None)
        if node is not None and node.route is not None:
            return node.route
        return _search(self._root, segments)

    def _place(self, route: Route) -> None:
        node = self._root
        for segment in route.template.split("/")[1:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        node.route = route


_NO_VALUE: Final = frozenset(("", ".", ".."))


def _search(node: _Node, segments: list[str]) -> Route | None:
    if not segments:
        return node.route
    head, rest = segments[0], segments[1:]
    literal = node.literals.get(head)
    if literal is not None and (found := _search(literal, rest)) is not None:
        return found
    if node.parameter is not None and head not in _NO_VALUE:
        return _search(node.parameter, rest)
    return None


def compile_routes(documents: Mapping[str, Mapping[str, Any]]) -> RouteTable:
    """The table of all services' documents (service name -> OpenAPI document).

    A path that several services answer alike is shared between them: one with an id, which names its service
    (`/v1/jobs/{id}`, `/v1/documents/{id}/remove`), and a list that is only read. Raises RouteError when an operation
    does not say what it needs, when two services answer one path otherwise, or when two templates differ in their
    parameter's name only.
    """
    found: dict[str, Route] = {}
    for service, document in sorted(documents.items()):
        for template, item in document.get("paths", {}).items():
            if not template.startswith(PUBLIC_PREFIX):
                continue
            shape = "/".join("{}" if part.startswith("{") else part for part in template.split("/"))
            route = _route(service, template, item)
            found[shape] = _shared(found[shape], route) if shape in found else route
    return RouteTable(found.values())


def _shared(held: Route, more: Route) -> Route:
    """One route of two services. Raises RouteError unless both have the same methods, each by the same operation.

    Without an id in the path nothing says whose it is: then both only read, and the list is walked over both.
    """
    if set(held.methods) != set(more.methods):
        raise _taken(held, more)
    if "{" not in held.template and set(held.methods) != {"GET", "HEAD"}:
        raise _taken(held, more)
    joined: dict[str, RoutedOperation] = {}
    for method, own in held.methods.items():
        other = more.methods[method]
        if (own.template, own.operation) != (other.template, other.operation) or own.service == other.service:
            raise _taken(held, more)
        joined[method] = replace(own, shared=(*(own.shared or (own.service,)), other.service))
    return Route(held.template, joined, held.allow)


def _taken(held: Route, more: Route) -> RouteError:
    service, owner = (next(iter(route.methods.values())).service for route in (more, held))
    return RouteError(f"{service} {more.template}: {owner} answers that path already")


def _route(service: str, template: str, item: Mapping[str, Any]) -> Route:
    methods = {
        method.upper(): _operation(service, method, template, item[method])
        for method in METHODS
        if method in item
    }
    if "GET" in methods:
        methods["HEAD"] = methods["GET"]
    return Route(template, methods, ", ".join(sorted((*methods, "OPTIONS"))))


def _operation(service: str, method: str, template: str, operation: Mapping[str, Any]) -> RoutedOperation:
    where = f"{service}: {method.upper()} {template}"
    needed = operation.get(OPERATION)
    if not isinstance(needed, str):
        raise RouteError(f"{where} does not say which operation it needs ({OPERATION})")
    media = operation.get("requestBody", {}).get("content", {})
    upload = any(not kind.startswith("application/") or kind == "application/octet-stream" for kind in media)
    usual = UPLOAD_DEADLINE if upload else DEFAULT_DEADLINE + _longest_wait(operation)
    deadline = operation.get(DEADLINE, usual)
    if not isinstance(deadline, (int, float)) or deadline <= 0:
        raise RouteError(f"{where}: {DEADLINE} must be seconds, more than 0")
    line = str(round(deadline * 1000))
    answers = operation.get("responses", {}).get("200", {}).get("content", {})
    exports = method == "get" and "application/x-ndjson" in answers
    return RoutedOperation(
        service, method.upper(), template, needed, float(deadline), line, upload, exports=exports
    )


def _longest_wait(operation: Mapping[str, Any]) -> float:
    """How long a caller may ask the service to hold its answer back (`wait` of the change feed), in seconds."""
    waits = [one.get("schema", {}) for one in operation.get("parameters", ()) if one.get("name") == "wait"]
    return float(waits[0].get("maximum", 0)) if waits else 0.0
