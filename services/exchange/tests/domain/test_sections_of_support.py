"""Support, its days and its impact against simple references; each rule where it bites (flows 3; S1-34)."""

import sys
from collections import Counter
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from logs import AUTHORITIES, NUMBERS, Log, cells_of_log, day, found, placed, projected, value


@settings(max_examples=60, deadline=None)
@given(placed, st.data())
def test_support_is_counted_and_timed(commissions: list[Any], data: st.DataObject) -> None:
    """RET-12, D-18: no more commissioned than agreed; median and 90th percentile by nearest rank."""
    log = Log()
    for n, (number, on, days) in enumerate(commissions):
        asked = on - data.draw(st.integers(0, 20))
        agreed = data.draw(st.integers(asked, on))
        facts = {"requested_on": day(asked), "specialism": "teaching"}
        log.tell(
            "brokerage.support_request", "received", f"r.k{n}", number, day(asked), state="requested", **facts
        )
        log.tell(
            "brokerage.support_request", "agreed", f"r.k{n}", number, day(agreed), state="agreed", **facts
        )
        log.commissioned(number, f"k{n}", day(on), days)
    made = cells_of_log(log)
    assert "RET-12" not in {rule for rule, _ in found(made)}
    for authority in (None, *AUTHORITIES) if commissions else ():
        lead = sorted(d for n, on, d in commissions if 0 <= on <= 48 and authority in (None, n[:3]))
        assert value(made, "support.commissioned", authority) == len(lead)
        for name, share in (("median", Fraction(1, 2)), ("percentile_90", Fraction(9, 10))):
            expected = lead[ceil(len(lead) * share) - 1] if lead else "no_figure"
            assert value(made, f"support.lead_days_{name}", authority) == expected


FINDING = "visits.finding"


@settings(max_examples=60, deadline=None)
@given(placed, st.lists(st.tuples(st.integers(0, 11), st.integers(-40, 60), st.integers(1, 4)), max_size=12))
def test_support_days_are_sums_and_overdrawn_schools_are_found(
    commissions: list[Any], used: list[Any]
) -> None:
    """RET-13, D-16: per school used <= committed <= ceiling; a school beyond is found, and no other."""
    log = Log()
    for number in NUMBERS:
        log.categorised(number, "amber")
    for n, (number, on, days) in enumerate(commissions):
        log.commissioned(number, f"k{n}", day(on), days)
    committed: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    for number, on, days in commissions:
        committed[number] += days if on <= 48 else 0
    for n, (of, on, days) in enumerate(used):
        if of < len(commissions):
            number = commissions[of][0]
            log.tell(
                "brokerage.delivery", "logged", f"d{n}", number, day(on), commission_id=f"k{of}", delivered_on=day(on),
                days=days,
            )  # fmt: skip
            spent[number] += days if on <= 48 else 0
    made = cells_of_log(log)
    assert value(made, "support_days.ceiling", "673", category="amber") == 30
    if commissions:
        assert value(made, "support_days.committed") == sum(committed.values())
        assert value(made, "support_days.used") == sum(spent.values())
        beyond = {n for n in NUMBERS if committed[n] > 15 or spent[n] > committed[n]}
        has_any = {number for number, _, _ in commissions}
        got = {i.reference.id for f in projected(log) if f.code == "support_days.beyond" for i in f.items}
        assert len(got) == value(made, "support_days.beyond")
        late_only = {n for n in has_any if all(on > 48 for number, on, _ in commissions if number == n)}
        assert value(made, "support_days.beyond") == len(beyond - late_only)


def test_an_override_and_an_earlier_higher_ceiling_allow_more() -> None:
    """RET-13, flows 2: ceiling + overrides; a lower category afterwards never invalidates what is committed."""
    log = Log()
    log.categorised(NUMBERS[0], "green")
    log.commissioned(NUMBERS[0], "k", day(1), 15)
    assert value(cells_of_log(log), "support_days.beyond") == 0  # placed under amber's 15
    log.commissioned(NUMBERS[0], "k2", day(2), 3)
    assert ("RET-13", "673") in found(cells_of_log(log))
    log.tell("brokerage.ceiling", "overridden", "o", NUMBERS[0], day(2), school_year="2019/20", extra_days=3)
    made = cells_of_log(log)
    assert "RET-13" not in {rule for rule, _ in found(made)}
    assert value(made, "support_days.overrides", "673", category="green") == 3
    assert value(made, "money.support_cost", "673", funding_stream="grant") == 18 * 30_000
    assert value(made, "money.delegated_share") == value(made, "money.sources") == "not_collected"


def judged(log: Log, key: str, commission: str, finding: str = "f") -> None:
    log.tell(
        "brokerage.impact", "judged", key, NUMBERS[0], day(20), commission_id=commission, finding_id=finding,
        support_type="adviser_days", side="supported", level="strong", judged_on=day(20),
    )  # fmt: skip


def test_impact_links_a_finding_and_follows_delivery() -> None:
    """RET-14, RET-15, D-17: a judgement that links nothing, or judges what was not delivered, is an error."""
    log = Log()
    log.tell(FINDING, "published", "f", NUMBERS[0], day(1), state="published", published_on=day(1))
    delivered = {"state": "delivered", "delivered_on": day(10), "days_used": 2}
    log.commissioned(NUMBERS[0], "k", day(2), 2, **delivered)
    judged(log, "i", "k")
    made = cells_of_log(log)
    names = ("strong", "some", "delivered", "judged", "without_finding")
    assert [value(made, f"impact.{name}", "673") for name in names] == [1, 0, 1, 1, 0]
    assert not {rule for rule, _ in found(made)} & {"RET-14", "RET-15"}
    log.commissioned(NUMBERS[0], "k2", day(3), 2)
    judged(log, "i2", "k2", finding="nowhere")
    assert {("RET-14", "673"), ("RET-15", "673")} <= found(cells_of_log(log))
