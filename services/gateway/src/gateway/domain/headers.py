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

_MOST_NAMES: Final = 500
_ALONE: Final = frozenset((b"keep-alive", b"close"))
# Values of Connection that name no other line.

Lines = list[tuple[bytes, bytes]]


class _Names(dict[bytes, str]):
    """How a name is written on to the upstream; "" for one that ends here. Names not met before are worked out."""

    def __missing__(self, name: bytes) -> str:
        written = "" if name in _NOT_TO_UPSTREAM else name.decode("latin-1")
        if len(self) < _MOST_NAMES:
            self[name] = written
        return written


class _LowerNames(dict[bytes, bytes]):
    """The name of an answer's line in lower case; b"" for one that ends here."""

    def __missing__(self, name: bytes) -> bytes:
        lower = name.lower()
        written = b"" if lower in _NOT_TO_CLIENT else lower
        if len(self) < _MOST_NAMES:
            self[name] = written
        return written


_upstream_names: Final = _Names()
_client_names: Final = _LowerNames()


def to_upstream(headers: Iterable[tuple[bytes, bytes]], connection: bytes | None) -> list[tuple[str, str]]:
    """The lines of a request that go on to the service. `connection`: the value of its Connection line."""
    kept = [(name, value.decode("latin-1")) for line, value in headers if (name := _upstream_names[line])]
    if connection is None or connection.lower() in _ALONE:
        return kept
    named = {token.strip().lower() for token in connection.decode("latin-1").split(",")}
    return [line for line in kept if line[0] not in named]


def to_client(headers: Iterable[tuple[bytes, bytes]], connection: str | None, bodiless: bool) -> Lines:
    """The lines of a service's answer that go on to the client, names in lower case.

    `connection`: the value of its Connection line. `bodiless`: the status has no body (204, 304); a Content-Length
    would then promise bytes that never come.
    """
    kept = [(name, value) for line, value in headers if (name := _client_names[line])]
    if bodiless:
        kept = [line for line in kept if line[0] != b"content-length"]
    if connection is None or connection.lower().encode("latin-1") in _ALONE:
        return kept
    named = {token.strip().lower().encode("latin-1") for token in connection.split(",")}
    return [line for line in kept if line[0] not in named]


def forwarded(peer: Sequence[object] | None, host: bytes, scheme: str) -> str:
    """The value of Forwarded (RFC 7239) for the one hop that the gateway is."""
    address = str(peer[0]) if peer else "unknown"
    if ":" in address:
        address = f'"[{address}]"'
    name = host.decode("latin-1").replace('"', "").replace("\\", "")
    return f'for={address};host="{name}";proto={scheme}'
