"""The hashes are those that the reference on reconciliation writes down for authors in other languages (X-02)."""

import re
from pathlib import Path

from gwella_client.reconciling import HeldStates, bucket_of, hash_of, record_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "reconciliation.md"
ROW = re.compile(r"\| `([\w.]+)`, `(\d+)`, version (\d+) \| `([0-9a-f]{8})` \| `([0-9a-f]{16})` \|")


def test_the_examples_of_the_reference_are_right() -> None:
    """A client in any language can check itself against them."""
    text = PAGE.read_text("utf-8")
    rows = ROW.findall(text)
    assert len(rows) == 2
    for aggregate, key, version, bucket, told in rows:
        assert f"{bucket_of(aggregate, key):08x}" == bucket
        assert f"{hash_of(aggregate, key, int(version)):016x}" == told
    held = HeldStates((aggregate, key, int(version)) for aggregate, key, version, _, _ in rows)
    assert f"| both | | `{held.sum('').hash:016x}` |" in text
    assert [held.sum(bucket).count for *_, bucket, _ in rows] == [1, 1]


def test_a_records_aggregate_is_in_the_type_of_its_entries() -> None:
    """Whatever verb and version the type ends with."""
    entry = {"type": "cymru.gwella.brokerage.support_request.moved.v1", "key": "k"}
    assert record_of(entry) == ("brokerage.support_request", "k")
