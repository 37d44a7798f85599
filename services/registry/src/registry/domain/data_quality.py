"""Data-quality rules of the register: each has a stable id, a severity and a text in both languages.

A fault keeps a list from being applied; a warning is reported and does not. Texts are templates filled with `value`,
`expected` and `column` of a finding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.text import Text


class Severity(StrEnum):
    """Whether a finding keeps a list from being applied."""

    fault = "fault"
    warning = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `id` is stable: reports, waivers and returns quote it."""

    id: str
    severity: Severity
    text: Text


def _rules(severity: Severity, *rows: tuple[str, str, str]) -> dict[str, Rule]:
    return {id_: Rule(id_, severity, Text(en, cy)) for id_, en, cy in rows}


RULES: Mapping[str, Rule] = _rules(
    Severity.warning,
    ("DQ-001", "The digits of the school number lead one to expect {column} “{expected}”, the list says “{value}”.",
     "Mae digidau rhif yr ysgol yn awgrymu {column} “{expected}”, ond mae'r rhestr yn dweud “{value}”."),
    ("DQ-002", "Spaces before or after the value were removed: “{value}”.",
     "Tynnwyd bylchau o flaen neu ar ôl y gwerth: “{value}”."),
    ("DQ-003", "The number of pupils is not given.", "Ni roddir nifer y disgyblion."),
    ("DQ-004", "“{value}” is not the label of the code “{expected}”; the code was taken.",
     "Nid “{value}” yw label y cod “{expected}”; defnyddiwyd y cod."),
    ("DQ-005", "The language category “{value}” is not used for schools of this sector.",
     "Ni ddefnyddir y categori iaith “{value}” ar gyfer ysgolion o'r sector hwn."),
    ("DQ-006", "The English and the Welsh sheet disagree about this school in {column}; English was taken.",
     "Mae'r daflen Saesneg a'r daflen Gymraeg yn anghytuno am yr ysgol hon o ran {column}; Saesneg a gymerwyd."),
    ("DQ-007", "The establishment number is in no known range.",
     "Nid yw rhif y sefydliad mewn unrhyw ystod hysbys."),
) | _rules(
    Severity.fault,
    ("DQ-101", "The file cannot be read: it is damaged, incomplete or neither ODS nor CSV in UTF-8.",
     "Ni ellir darllen y ffeil: mae wedi'i difrodi, yn anghyflawn neu nid yw'n ODS nac yn CSV mewn UTF-8."),
    ("DQ-102", "The file is larger when unpacked than {expected}.",
     "Mae'r ffeil yn fwy na {expected} ar ôl ei dadbacio."),
    ("DQ-103", "The file holds no list of schools: no sheet of the expected names was found ({expected}).",
     "Nid oes rhestr o ysgolion yn y ffeil: ni chafwyd taflen â'r enwau disgwyliedig ({expected})."),
    ("DQ-104", "The column “{column}” is missing.", "Mae'r golofn “{column}” ar goll."),
    ("DQ-105", "The column “{column}” is not known.", "Nid yw'r golofn “{column}” yn hysbys."),
    ("DQ-106", "The column “{column}” stands more than once.", "Mae'r golofn “{column}” yn ymddangos fwy nag unwaith."),
    ("DQ-107", "“{value}” is not a school number (seven digits).", "Nid yw “{value}” yn rhif ysgol (saith digid)."),
    ("DQ-108", "The school number {value} stands more than once.",
     "Mae rhif yr ysgol {value} yn ymddangos fwy nag unwaith."),
    ("DQ-109", "“{value}” is not the code of a local authority in Wales.",
     "Nid “{value}” yw cod awdurdod lleol yng Nghymru."),
    ("DQ-110", "The school number does not begin with the authority's code “{value}”.",
     "Nid yw rhif yr ysgol yn dechrau gyda chod yr awdurdod “{value}”."),
    ("DQ-111", "A value is required here.", "Mae angen gwerth yma."),
    ("DQ-112", "“{value}” is not in the code list of this column.",
     "Nid yw “{value}” yn rhestr godau'r golofn hon."),
    ("DQ-113", "“{value}” is not a whole number of pupils.", "Nid yw “{value}” yn nifer cyfan o ddisgyblion."),
    ("DQ-114", "The row has {value} values, the header {expected}.",
     "Mae {value} gwerth yn y rhes, ond {expected} yn y pennawd."),
    ("DQ-115", "The list holds no school.", "Nid oes unrhyw ysgol yn y rhestr."),
    ("DQ-116", "The value is longer than {expected} characters.", "Mae'r gwerth yn hirach na {expected} o nodau."),
    ("DQ-117", "The value holds a control character.", "Mae nod rheoli yn y gwerth."),
    ("DQ-118", "A sheet has more than {expected} rows or columns.",
     "Mae gan daflen fwy na {expected} o resi neu golofnau."),
)  # fmt: skip
"""Every rule by its id: DQ-0nn warns, DQ-1nn refuses."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found and where. `rows` are numbered as a person sees them: the header is row 1.

    `school_number` where the row has a readable one; `column` as the file writes it.
    """

    rule: str
    sheet: str
    rows: tuple[int, ...] = ()
    column: str | None = None
    value: str | None = None
    expected: str | None = None
    school_number: str | None = None

    @property
    def severity(self) -> Severity:
        """The severity of its rule."""
        return RULES[self.rule].severity

    @property
    def text(self) -> Text:
        """What is said of it, in both languages."""
        words = {"value": self.value or "", "expected": self.expected or "", "column": self.column or ""}
        template = RULES[self.rule].text
        return Text(template.en.format(**words), template.cy.format(**words))
