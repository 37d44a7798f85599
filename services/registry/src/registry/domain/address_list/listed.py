"""What an address list says, whichever file and language it came in."""

from collections import Counter
from dataclasses import dataclass, field

from registry.domain.address_list.columns import Part
from registry.domain.data_quality import Finding, Severity


@dataclass(frozen=True, slots=True)
class ListedSchool:
    """One school as a list states it, in codes of `contracts.codes`; None where the part has no such column.

    `name` keeps the published form without surrounding spaces; `address` holds the lines that are not blank.
    """

    school_number: str
    name: str
    authority: str
    part: Part
    sector: str
    governance: str | None = None
    school_type: str | None = None
    language_category: str | None = None
    religious_character: str | None = None
    address: tuple[str, ...] = ()
    postcode: str | None = None
    phone: str | None = None
    pupils: int | None = None


@dataclass(frozen=True, slots=True)
class AddressList:
    """A list as read: its schools in the order of the file, which parts it covers, and every finding.

    A list with a fault must not be applied; `schools` then holds only those rows that could be read.
    """

    schools: tuple[ListedSchool, ...]
    parts: frozenset[Part]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Findings that keep the list from being applied."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.fault)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that do not."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.warning)

    def count_by_part(self) -> dict[str, int]:
        """Number of schools in each part that the list covers."""
        counted = Counter(school.part for school in self.schools)
        return {part.value: counted[part] for part in Part if part in self.parts}
