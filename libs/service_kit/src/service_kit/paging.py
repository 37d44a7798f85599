"""Keyset paging: a page begins after the sort key of the last record of the page before.

The cursor is opaque and signed, and bound to the path, the filter, the sort and the rows that the caller may see: one
list's cursor is refused by another. Pages are stable under writes: a record whose sort key does not change is neither
repeated nor left out, whatever is inserted or removed beside it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b, sha256
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, Select, and_, or_, tuple_

from service_kit.problems import Fault, ProblemError

_SIGNATURE_BYTES: Final = 16
_BINDING_BYTES: Final = 12

_WRITERS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    bool: ("b", lambda value: value),
    int: ("i", lambda value: value),
    str: ("s", lambda value: value),
    datetime: ("t", lambda value: value.isoformat()),
    date: ("d", lambda value: value.isoformat()),
    bytes: ("x", lambda value: value.hex()),
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "b": lambda value: value,
    "i": lambda value: value,
    "s": lambda value: value,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "x": bytes.fromhex,
}


@dataclass(frozen=True, slots=True)
class Sort:
    """One column of the order. `name` is its key in the row; a column that may be null cannot be sorted by."""

    column: ColumnElement[Any]
    name: str
    descending: bool = False


def ascending(column: ColumnElement[Any], name: str | None = None) -> Sort:
    """Sorts by a column from low to high."""
    return Sort(_never_null(column), name or _name(column))


def descending(column: ColumnElement[Any], name: str | None = None) -> Sort:
    """Sorts by a column from high to low."""
    return Sort(_never_null(column), name or _name(column), descending=True)


def _never_null(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # Null is neither before nor after anything: a page that ends on one could not be continued.
    if isinstance(column, Column) and column.nullable:
        raise ValueError(f"{column}: sort by coalesce(...), as a column of the query, instead")
    return column


def _name(column: ColumnElement[Any]) -> str:
    if column.key is None:
        raise ValueError("a sort by an expression needs the name that it has in the row")
    return str(column.key)


class Cursors:
    """Writes and reads cursors with one secret, the same in every copy of a service."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the cursor secret needs at least 16 bytes")
        self._key = sha256(b"gwella-cursor\x00" + secret).digest()

    def write(self, values: Sequence[Any], binding: bytes) -> str:
        """A cursor that stands after the record with these sort values."""
        payload = orjson.dumps([_tagged(value) for value in values])
        return urlsafe_b64encode(self._sign(payload, binding) + payload).rstrip(b"=").decode("ascii")

    def read(self, cursor: str, binding: bytes) -> tuple[Any, ...]:
        """The sort values of a cursor. Raises 422 for one that was changed or belongs to another list."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (Base64Error, ValueError):
            raise _refused() from None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(payload, binding)):
            raise _refused()
        return tuple(_READERS[tag](value) for tag, value in orjson.loads(payload))

    def _sign(self, payload: bytes, binding: bytes) -> bytes:
        return hmac.digest(self._key, binding + b"\x00" + payload, "sha256")[:_SIGNATURE_BYTES]


def binding(*parts: str) -> bytes:
    """What a cursor is bound to, as a digest of a fixed length."""
    return blake2b(orjson.dumps(parts), digest_size=_BINDING_BYTES).digest()


def beyond(sort: Sequence[Sort], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition for the records after the one with these sort values.

    One direction: a row comparison, which an index over the columns serves. Both: spelt out column by column.
    """
    columns = [item.column for item in sort]
    directions = {item.descending for item in sort}
    if len(directions) == 1:
        key, held = tuple_(*columns), tuple_(*values)
        return key < held if directions.pop() else key > held
    steps = []
    for position, item in enumerate(sort):
        equal = [column == value for column, value in zip(columns[:position], values[:position], strict=True)]
        value = values[position]
        steps.append(and_(*equal, item.column < value if item.descending else item.column > value))
    return or_(*steps)


def paged(query: Select[Any], sort: Sequence[Sort], after: Sequence[Any] | None, limit: int) -> Select[Any]:
    """The query for one page, and one record more that tells whether another page follows.

    The last column of `sort` must be unique among the records, such as the id.
    """
    if after is not None:
        query = query.where(beyond(sort, after))
    return ordered(query, sort).limit(limit + 1)


def ordered(query: Select[Any], sort: Sequence[Sort]) -> Select[Any]:
    """The query in the order of its pages."""
    return query.order_by(*(item.column.desc() if item.descending else item.column.asc() for item in sort))


def _tagged(value: Any) -> tuple[str, Any]:
    if isinstance(value, memoryview):
        value = bytes(value)
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise TypeError(f"cannot page by a value of type {type(value).__qualname__}")
    return writer[0], writer[1](value)


def _refused() -> ProblemError:
    return ProblemError("validation_failed", errors=[Fault("cursor", "invalid_cursor", part="query")])
