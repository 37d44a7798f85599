"""What is to go is marked where it is defined, and says so from then on: headers, description, metrics, changelog.

    OLD_LIST = Deprecation(since=date(2027, 1, 4), sunset=date(2028, 1, 4), instead="/v1/schools")

    @router.get("/school-names", operation="schools.read", response_model=NamesView)
    @deprecated(OLD_LIST)                                             # an operation
    async def list_school_names(
        call: Call,
        area: Annotated[str | None, Query(**OLD_AREA.described())] = None,    # a parameter
    ) -> Response: ...

    class SchoolView(View, data_class=DataClass.public):
        area: Annotated[str, Field(**OLD_AREA.described())]           # a field

An answer to a request that uses a deprecated operation or parameter bears `Deprecation` (RFC 9745), `Sunset`
(RFC 8594) and `Link` with `rel="deprecation"`; of several the one that goes first. Each use is counted by client.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any, Final, TypeVar

from opentelemetry import metrics as otel
from starlette.responses import Response

from service_kit.metrics import DEPRECATED_USED

NOTICE: Final = timedelta(days=365)
"""How long whatever is to go is announced before it goes (docs/reference/versioning.md)."""
SINCE: Final = "x-deprecated-on"
SUNSET: Final = "x-sunset-on"
PAGE: Final = "/docs"
_MARK: Final = "__deprecation__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Deprecation:
    """From when something is deprecated, from when it may be gone, and the path of what to use instead.

    Raises ValueError where the notice is shorter than promised.
    """

    since: date
    sunset: date
    instead: str | None = None

    def __post_init__(self) -> None:
        """Checks the notice."""
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"{self.since} to {self.sunset} is a shorter notice than {NOTICE.days} days")

    def extensions(self) -> dict[str, str]:
        """The dates, as the description has them."""
        return {SINCE: self.since.isoformat(), SUNSET: self.sunset.isoformat()}

    def described(self) -> dict[str, Any]:
        """Options of pydantic's `Field` and FastAPI's `Query` that mark a field or a parameter."""
        return {"deprecated": True, "json_schema_extra": self.extensions()}

    def announce(self, response: Response) -> None:
        """Adds the headers to an answer."""
        since, sunset = (datetime.combine(day, time(), UTC) for day in (self.since, self.sunset))
        response.headers["Deprecation"] = f"@{int(since.timestamp())}"
        response.headers["Sunset"] = format_datetime(sunset, usegmt=True)
        response.headers.append("Link", f'<{PAGE}>; rel="deprecation"; type="text/html"')
        if self.instead is not None:
            response.headers.append("Link", f'<{self.instead}>; rel="successor-version"')


def deprecated(deprecation: Deprecation) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint; stands below the router's own decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, deprecation)
        return endpoint

    return mark


def of_endpoint(endpoint: Callable[..., Any]) -> Deprecation | None:
    """How an endpoint is marked."""
    return getattr(endpoint, _MARK, None)


def of_parameters(described: Mapping[str, Any]) -> dict[str, Deprecation]:
    """The marked ones of a route's own parameters (name -> FastAPI's field information)."""
    found = {}
    for name, info in described.items():
        extra = info.json_schema_extra
        if info.deprecated and isinstance(extra, dict) and SINCE in extra:
            since, sunset = (date.fromisoformat(str(extra[key])) for key in (SINCE, SUNSET))
            found[name] = Deprecation(since, sunset)
    return found


@dataclass(frozen=True, slots=True)
class Announcer:
    """What of one route is deprecated: itself, some of its parameters, or nothing."""

    route: str
    itself: Deprecation | None
    parameters: Mapping[str, Deprecation]

    def answered(self, response: Response, asked: Iterable[str], client_id: str) -> Response:
        """The answer to a request with these parameters, with its headers where it used what is to go."""
        if self.itself is None and not self.parameters:
            return response
        used = {name: self.parameters[name] for name in asked if name in self.parameters}
        if self.itself is not None:
            used[""] = self.itself
        for name in used:
            _uses.add(1, {"http.route": self.route, "parameter": name, "client": client_id})
        if used:
            min(used.values(), key=lambda one: one.sunset).announce(response)
        return response


_uses: Final = otel.get_meter("service_kit").create_counter(
    DEPRECATED_USED.name, unit=DEPRECATED_USED.unit, description=DEPRECATED_USED.description
)
