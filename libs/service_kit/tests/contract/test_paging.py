"""Keyset paging: complete and without doubles under writes; cursors that cannot be used elsewhere."""

import base64
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer

from service_kit.paging import Cursors, ascending, binding
from service_kit.problems import ProblemError

KEY = Cursors(b"a secret of sixteen bytes or more")
VALUES = st.one_of(
    st.text(), st.integers(-(2**60), 2**60), st.booleans(), st.binary(max_size=40), st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


@given(st.lists(VALUES, min_size=1, max_size=4), st.text())
def test_a_cursor_gives_back_its_values_with_their_types(values: list[Any], bound: str) -> None:
    """R20: what is written is read, for every type that can be sorted by."""
    read = KEY.read(KEY.write(values, binding(bound)), binding(bound))
    assert [(type(v), v) for v in read] == [(type(v), v) for v in values]


@given(st.lists(VALUES, min_size=1, max_size=3), st.data())
def test_a_changed_or_foreign_cursor_is_refused(values: list[Any], data: st.DataObject) -> None:
    """R21: another binding, another secret or any changed byte is refused as a fault of the query."""
    cursor = KEY.write(values, binding("a"))
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    changed = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    other = Cursors(b"another secret of sixteen bytes")
    for reader, token, bound in ((KEY, changed, "a"), (KEY, cursor, "b"), (other, cursor, "a")):
        with pytest.raises(ProblemError) as refused:
            reader.read(token, binding(bound))
        assert refused.value.errors[0].code == "invalid_cursor"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF)))
def test_no_text_breaks_the_reader(token: str) -> None:
    """R21: whatever stands in `cursor` is refused, never an error of ours."""
    with pytest.raises(ProblemError):
        KEY.read(token, binding("a"))


def test_what_has_no_order_cannot_be_paged_by() -> None:
    """R20: a value that may be null has no place in a keyset."""
    with pytest.raises(TypeError):
        KEY.write([None], binding("a"))
    with pytest.raises(ValueError, match="coalesce"):
        ascending(Column("pupils", Integer))
    assert KEY.read(KEY.write([date(2020, 1, 1)], b"x"), b"x") == (date(2020, 1, 1),)
    assert KEY.read(KEY.write([datetime(2020, 1, 1, tzinfo=UTC)], b"x"), b"x") == (
        datetime(2020, 1, 1, tzinfo=UTC),
    )


async def walk(bench: Any, first: str, caller: str = "vale") -> list[str]:
    """The ids of all pages, following links.next."""
    seen, path = [], first
    while path is not None:
        answer = await bench.ask("GET", path, caller)
        assert answer.status_code == 200, answer.text
        seen += [item["id"] for item in answer.json()["items"]]
        path = answer.json()["links"].get("next")
        assert (f'<{path}>; rel="next"' == answer.headers.get("link")) or path is None
    return seen


async def test_every_record_once_also_under_writes(bench) -> None:
    """R22: what was there throughout is seen exactly once, though others come and go between the pages."""
    numbers = [str(6732001 + 10 * i) for i in range(7)]
    for number in numbers:
        await bench.school(number)
    assert await walk(bench, "/v1/schools?limit=3") == numbers
    first = (await bench.ask("GET", "/v1/schools?limit=3")).json()
    await bench.school("6732000")
    await bench.school("6732035")
    rest = await walk(bench, first["links"]["next"])
    assert [i["id"] for i in first["items"]] + [i for i in rest if i != "6732035"] == numbers
    assert "6732035" in rest


async def test_two_directions_in_one_sort(bench) -> None:
    """R20: descending and ascending columns together; equal values are told apart by the id."""
    for number, pupils in (("6732001", 10), ("6732002", 30), ("6732003", 10), ("6732004", 20)):
        await bench.school(number, pupils=pupils)
    assert await walk(bench, "/v1/schools?limit=1&largest_first=true") == [
        "6732002",
        "6732004",
        "6732001",
        "6732003",
    ]


async def test_a_cursor_is_bound_to_filter_sort_and_caller(bench) -> None:
    """R21: used with another filter, sort or caller it is refused; limit, total and lang may change."""
    for number in ("6732001", "6732002", "6732003"):
        await bench.school(number, pupils=1)
    following = (await bench.ask("GET", "/v1/schools?limit=1&name=School")).json()["links"]["next"]
    cursor = following.split("cursor=")[1]
    for path, caller in (
        (f"/v1/schools?limit=1&cursor={cursor}", "vale"),
        (f"/v1/schools?limit=1&name=School&largest_first=true&cursor={cursor}", "vale"),
        (f"/v1/schools?limit=1&name=School&cursor={cursor}", "cardiff"),
    ):
        refused = await bench.ask("GET", path, caller)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["code"] == "invalid_cursor"
    wider = await bench.ask("GET", f"/v1/schools?limit=2&total=true&lang=cy&name=School&cursor={cursor}")
    assert wider.json()["total"] == 3
    assert len(wider.json()["items"]) == 2


async def test_limits_of_a_page(bench) -> None:
    """R23: 1 to 200 records on a page; a total only where it is asked for."""
    for limit in ("0", "201", "-1", "x", "1.0", "", "٣"):
        refused = await bench.ask("GET", f"/v1/schools?limit={limit}")
        assert refused.status_code == 422, limit
        assert refused.json()["errors"][0]["pointer"] == "limit"
    assert "total" not in (await bench.ask("GET", "/v1/schools?limit=200")).json()
