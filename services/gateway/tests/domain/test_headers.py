"""R72: which lines cross the gateway (RFC 9110 section 7.6.1, RFC 7239)."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.headers import HOP_BY_HOP, forwarded, to_client, to_upstream

_NAMES = st.sampled_from(
    [*sorted(HOP_BY_HOP), b"accept", b"X-Custom", b"content-type", b"Server", b"forwarded"]
)
_LINES = st.lists(st.tuples(_NAMES, st.binary(max_size=8)), max_size=12)


@given(_LINES)
def test_no_line_of_the_connection_ever_crosses(lines: list[tuple[bytes, bytes]]):
    upstream = to_upstream([(name.lower(), value) for name, value in lines], None)
    assert not {name.encode() for name, _ in upstream} & (HOP_BY_HOP | {b"forwarded"})
    client = to_client(lines, None, False)
    assert not {name for name, _ in client} & (HOP_BY_HOP | {b"server"})
    kept = [(name, value) for name, value in lines if name in (b"accept", b"content-type")]
    assert [line for line in client if line[0] in (b"accept", b"content-type")] == kept


def test_what_connection_names_ends_here_too():
    lines = [(b"connection", b"close, X-One"), (b"x-one", b"1"), (b"x-two", b"2")]
    assert to_upstream(lines, b"close, X-One") == [("x-two", "2")]
    assert to_client(lines, "close, X-One", False) == [(b"x-two", b"2")]
    assert to_upstream([(b"x-one", b"1")], b"Keep-Alive") == [("x-one", "1")]


def test_an_answer_without_a_body_promises_no_length():
    lines = [(b"Content-Length", b"10"), (b"ETag", b'"v1"')]
    assert to_client(lines, None, True) == [(b"etag", b'"v1"')]
    assert to_client(lines, None, False) == [(b"content-length", b"10"), (b"etag", b'"v1"')]


def test_forwarded_names_the_peer_and_cannot_be_broken_out_of():
    assert forwarded(("10.0.0.1", 5), b"api.example:8080", "https") == (
        'for=10.0.0.1;host="api.example:8080";proto=https'
    )
    assert forwarded(("::1", 5), b"h", "http") == 'for="[::1]";host="h";proto=http'
    assert forwarded(None, b'a";for=1.2.3.4;x="', "http") == 'for=unknown;host="a;for=1.2.3.4;x=";proto=http'
