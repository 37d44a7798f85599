"""Which header lines cross the gateway.

Hop-by-hop lines (RFC 9110 section 7.6.1) end here, and so do lines by which an outsider could speak for the gateway.
"""

from collections.abc import Iterable, Sequence
from typing import Final

HOP_BY_HOP: Final = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip

# Expect is answered by our own server; the others are set by the gateway, so a client's are not believed.
_NOT_TO_UPSTREAM: Final = HOP_BY_HOP | {
    b"host", b"expect", b"cookie", b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto",
    b"x-forwarded-port", b"x-forwarded-prefix", b"x-real-ip", b"x-request-id", b"x-deadline-ms", b"traceparent",
    b"tracestate", b"baggage",
}  # fmt: skip

# Server and Date are written by the gateway's own server, the others by the pass-through.
_NOT_TO_CLIENT: Final = HOP_BY_HOP | {
    b"server", b"date", b"x-request-id", b"ratelimit", b"ratelimit-policy", b"access-control-allow-origin",
    b"access-control-expose-headers",
}  # fmt: skip

_CONNECTION: Final = frozenset((b"connection", b"Connection"))
_ALONE: Final = frozenset((b"keep-alive", b"close"))
# Values of Connection that name no other line.

Lines = list[tuple[bytes, bytes]]


def to_upstream(headers: Iterable[tuple[bytes, bytes]]) -> Lines:
    """The lines of a request that go on to the service (names in lower case, as ASGI has them)."""
    kept = [line for line in headers if line[0] not in _NOT_TO_UPSTREAM]
    return _without_named(kept, headers)


def to_client(headers: Iterable[tuple[bytes, bytes]], bodiless: bool = False) -> Lines:
    """The lines of a service's answer that go on to the client, names in lower case.

    `bodiless`: the status has no body (204, 304); a Content-Length would then promise bytes that never come.
    """
    kept = [line for name, value in headers if (line := (name.lower(), value))[0] not in _NOT_TO_CLIENT]
    if bodiless:
        kept = [line for line in kept if line[0] != b"content-length"]
    return _without_named(kept, headers)


def _without_named(kept: Lines, headers: Iterable[tuple[bytes, bytes]]) -> Lines:
    """Drops what the Connection line names as well."""
    for name, value in headers:
        if name in _CONNECTION and value.lower() not in _ALONE:
            named = {token.strip().lower() for token in value.split(b",")}
            return [line for line in kept if line[0] not in named]
    return kept


def forwarded(peer: Sequence[object] | None, host: bytes, scheme: str) -> bytes:
    """The value of Forwarded (RFC 7239) for the one hop that the gateway is."""
    address = str(peer[0]) if peer else "unknown"
    if ":" in address:
        address = f'"[{address}]"'
    name = (
        host
        if host.replace(b".", b"").replace(b"-", b"").isalnum()
        else b'"' + host.replace(b'"', b"") + b'"'
    )
    return b"for=" + address.encode("latin-1", "replace") + b";host=" + name + b";proto=" + scheme.encode()
