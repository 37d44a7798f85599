"""One list of which several services have a part (`/v1/jobs`): walked service after service, nothing left out.

A cursor of the gateway is `<service>~<that service's own cursor>`; order is each service's own.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from service_kit.http_client import Headers, Upstream

MOST_BYTES: Final = 8_388_608
"""A page that is larger is refused; 200 records are far smaller."""
_REPLACED: Final = frozenset((b"content-length", b"link", b"etag", b"content-encoding"))
_NOT_ASKED: Final = frozenset(("accept", "accept-encoding", "if-none-match"))

Query = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SharedPage:
    """An answer that is complete: status, header lines, body."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


async def shared_page(
    behind: Mapping[str, Upstream], path: str, query: bytes, headers: Headers, deadline: float
) -> SharedPage:
    """The page that a cursor names, or the first one; `behind` in the order in which the list is walked.

    A refusal of a service is passed on as it is. `deadline` in seconds for each. Raises UpstreamError.
    """
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    lines = [line for line in headers if line[0].lower() not in _NOT_ASKED]
    names = list(behind)
    service, own = _where(dict(asked).get("cursor"), names)
    plain = [(name, value) for name, value in asked if name != "cursor"]
    while True:
        page = await _get(behind[service], path, plain, own, lines, deadline)
        if page.status != 200:
            return page
        document = json.loads(page.body)
        left = names[names.index(service) + 1 :]
        following = _following(document, service, left)
        if document["items"] or following is None or not left:
            break
        # This service has nothing (more) to show: go on where there may be something.
        service, own = left[0], None
    if dict(asked).get("total") == "true":
        one = [*((name, value) for name, value in plain if name != "limit"), ("limit", "1")]
        others = [behind[name] for name in names if name != service]
        for other in await asyncio.gather(*(_get(each, path, one, None, lines, deadline) for each in others)):
            if other.status != 200:
                return other
            document["total"] += json.loads(other.body)["total"]
    return _written(page, document, path, asked, plain, following)


def _where(cursor: str | None, names: Sequence[str]) -> tuple[str, str | None]:
    """The service that a cursor names and its own cursor; what is no cursor of ours is left to the first to refuse."""
    service, parted, own = (cursor or "").partition("~")
    return (service, own or None) if parted and service in names else (names[0], cursor)


def _following(document: Mapping[str, Any], service: str, left: Sequence[str]) -> str | None:
    link = document["links"].get("next")
    if link is not None:
        return f"{service}~{dict(parse_qsl(urlsplit(link).query)).get('cursor', '')}"
    return f"{left[0]}~" if left else None


async def _get(
    upstream: Upstream, path: str, query: Query, cursor: str | None, headers: Headers, deadline: float
) -> SharedPage:
    asked = [*query, ("cursor", cursor)] if cursor is not None else query
    try:
        async with asyncio.timeout(deadline):
            response = await upstream.send("GET", _address(path, asked), headers, None, None)
            try:
                return SharedPage(
                    response.status, list(response.raw_headers), await response.read(MOST_BYTES)
                )
            finally:
                response.close()
    except TimeoutError:
        raise upstream.timed_out() from None


def _written(
    page: SharedPage, document: dict[str, Any], path: str, asked: Query, plain: Query, following: str | None
) -> SharedPage:
    document["links"] = {"self": _address(path, asked)}
    headers = [line for line in page.headers if line[0].lower() not in _REPLACED]
    if following is not None:
        document["links"]["next"] = _address(path, [*plain, ("cursor", following)])
        headers.append((b"link", f'<{document["links"]["next"]}>; rel="next"'.encode()))
    body = json.dumps(document, ensure_ascii=False).encode()
    return SharedPage(page.status, [*headers, (b"content-length", str(len(body)).encode())], body)


def _address(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}" if query else path
