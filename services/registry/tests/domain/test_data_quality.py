import re

from registry.domain.data_quality import RULES, Finding, Severity


def test_rules_say_the_same_things_in_both_languages() -> None:
    for rule in RULES.values():
        assert set(re.findall(r"{(\w+)}", rule.text.en)) == set(re.findall(r"{(\w+)}", rule.text.cy))
        assert rule.text.en != rule.text.cy


def test_the_id_tells_the_severity() -> None:
    for rule in RULES.values():
        assert (rule.severity is Severity.warning) == rule.id.startswith("DQ-0")


def test_the_text_of_a_finding_is_filled_in() -> None:
    found = Finding("DQ-104", "list.csv", (1,), column="School Name")
    assert found.text.en == "The column “School Name” is missing."
    assert found.text.cy == "Mae'r golofn “School Name” ar goll."
    assert found.severity is Severity.fault
