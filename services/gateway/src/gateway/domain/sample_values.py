"""The values that examples are made of, in the field's own words: by the code list of a field, by schema, by name.

They are nobody's: the school, its address and the people are invented.
"""

import re
from collections.abc import Mapping
from typing import Final

from contracts.codes import CODE_LISTS

ID: Final = "01980d3e-5b7a-7c61-9f0e-3a5c8d1b2e47"
HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_LISTED: Final = re.compile(r"[Cc]odes? of `([^`]+)`")
_RESOURCES: Final[Mapping[str, str]] = {
    "/v1/visit-types": "spring_monitoring",
    "/v1/category-schemes": "national_2014",
    "/v1/constitutions": "national_model_joint_committee_2014",
    "/v1/judgement-frameworks": "visit_judgements_2014",
}
"""Codes of lists that are resources of their own."""
_PREFERRED: Final[Mapping[str, str]] = {
    "sectors": "primary",
    "school_types": "infants_juniors",
    "school_status": "open",
    "regimes": "national_model_2014",
    "visit_states": "final",
    "finding_areas": "teaching",
}
"""Codes that tell more than the first of their list."""
ABSENT: Final = frozenset({"barred", "current", "problem", "problems"})
"""Members that say what went wrong: an example shows what goes well."""
OPEN: Final = frozenset(
    {"problem", "stopped_at", "stopped_because", "valid_to", "void_asked_by", "void_reason"}
)
"""Members that are null as a rule."""
NOT_SO: Final = frozenset({"assumed", "provisional", "remote", "sandbox", "test"})
"""Truths that hold seldom."""
KEYS: Final[Mapping[str, str]] = {"by": "sector", "facts": "state", "values": "phone"}
"""By the name of a field that holds values by name: such a name; of others a sector."""
FORMATS: Final[Mapping[str, str]] = {
    "date": "2025-09-01",
    "date-time": "2025-09-01T09:30:00Z",
    "binary": "bytes",
    "uri-reference": "/problems/not_found",
}
DATES: Final[Mapping[str, str]] = {
    "valid_to": "2026-09-01",
    "holiday_first_day": "2025-10-27",
    "holiday_last_day": "2025-10-31",
    "last_teaching_day": "2025-10-24",
    "last_day": "2025-10-24",
    "opens_on": "2025-10-25",
    "due_on": "2025-11-07",
}
NUMBERS: Final[Mapping[str, int]] = {
    "pupils": 210,
    "size": 48_213,
    "position": 4_182,
    "as_of": 4_182,
    "at": 4_182,
    "next_after": 4_182,
    "safe_until": 4_182,
    "days": 4,
    "ceiling_days": 15,
    "due_after_days": 14,
    "change_percent": 20,
    "clear_days": 3,
    "quorum": 5,
    "votes_for": 8,
    "abstained": 4,
    "day_price_pence": 40_000,
    "cost_pence": 160_000,
}
_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "Me": {"subject": "authority-673"},
    "HeldRole": {"role": "authority_system", "body": ID},
    "TransitionView": {"name": "close", "to": "closed", "title": "Close"},
    "JobView": {
        "kind": "school_list.apply",
        "kind_title": "Apply a list of schools",
        "state_title": "Waiting",
    },
    "PersonView": {"name": "Enw Enghreifftiol"},
    "NewPerson": {"name": "Enw Enghreifftiol"},
    "PersonPatch": {"name": "Enw Enghreifftiol"},
    "ContactView": {"name": "Enw Enghreifftiol"},
    "NewContact": {"name": "Enw Enghreifftiol"},
    "ContactPatch": {"name": "Enw Enghreifftiol"},
    "AuthorityView": {"name_en": "Vale of Glamorgan", "name_cy": "Bro Morgannwg", "gss_code": "W06000014"},
    "AuthorityIn": {"name_en": "Vale of Glamorgan", "name_cy": "Bro Morgannwg", "gss_code": "W06000014"},
    "FootprintView": {"name_en": "Central South Consortium", "name_cy": "Consortiwm Canolbarth y De"},
    "TransferView": {"reason": "change_of_authority"},
    "CodeListView": {"name": "sectors", "title_en": "Sectors", "title_cy": "Sectorau"},
    "CodeView": {"code": "primary", "label_en": "Primary", "label_cy": "Cynradd"},
    "RoleTitle": {"role": "adviser", "title": "Challenge Adviser"},
    "TermView": {"name": "autumn"},
    "ReportRowView": {
        "sheet": "Maintained",
        "column": "Phone Number",
        "rule": "DQ-01",
        "detail": "The number is incomplete.",
    },
    "ChangeView": {"key": "6732118"},
    "RecordStateView": {"key": "6732118"},
    "ReturnFindingView": {"severity": "warning", "figure": "register.open"},
    "RuleView": {"id": "RET-01", "severity": "error", "title": "The schools add up"},
    "ChainStepView": {"code": "visit", "title": "Visit", "status": "present", "status_title": "Present"},
    "ChainLinkView": {
        "record": "visits",
        "path": f"/v1/visits/{ID}",
        "state": "final",
        "state_title": "Final",
    },
    "FigureView": {"code": "visits.held", "section": "visits", "title": "Held"},
    "SectionView": {"code": "visits", "title": "Universal visits"},
    "GatewaySectionView": {"title": "Visits", "link": "/v1/visits?school_number=6732118"},
    "ExchangeSectionView": {"code": "visits", "title": "Universal visits"},
    "ProjectionView": {
        "name": "schools",
        "title": "Schools",
        "topics": "registry.events",
        "tables": "known_schools",
    },
    "AuditedField": {"name": "phone", "old": '"01633 555 010"', "new": '"01633 555 020"'},
    "DocumentView": {"file_name": "papur.pdf", "classification": "internal"},
    "TraceView": {"title": "Held"},
    "TracedRecordView": {"record": "visits"},
    "ReturnRemarkView": {"kind": "comment"},
    "ReturnDefinitionView": {"version": "1", "title": "Half-termly return on school improvement"},
}
"""By schema, where a name means something else there."""
_NAMED: Final[Mapping[str, str]] = {
    "about_school": "6732118",
    "action": "write",
    "address": "Heol yr Ysgol",
    "aggregate": "registry.school",
    "amendments": "In item 4, read 2025 for 2024.",
    "answer": "The report is corrected.",
    "area": "teaching",
    "at": FORMATS["date-time"],
    "author": "Managing director",
    "authorities": "673",
    "authority": "673",
    "body": "Joint committee",
    "casting_vote": "for",
    "category": "amber",
    "chain": HASH,
    "chair_from": "elected_member",
    "claim_cy": "Mae darllen wedi gwella ym mhob grŵp blwyddyn.",
    "claim_en": "Reading has improved in every year group.",
    "client_id": "authority-673",
    "code": "primary",
    "consortium": "csc",
    "consumer": "exchange",
    "corrections": "The school has 210 pupils, not 201.",
    "counted": "heads",
    "cy": "Cymorth gyda darllen",
    "data_class": "personal",
    "definition": "1",
    "delivered_by": "consortium",
    "description": "Train two members of staff to teach reading in small groups.",
    "detail": "The matter was noted.",
    "disagreement": "The school places itself in green.",
    "dispute": "The school does not share the judgement on standards.",
    "email": "swyddfa@ysgol.example",
    "employer": "csc",
    "en": "Support with reading",
    "entry": "{}",
    "error": "the record that it follows is not known",
    "evidence": "Four lessons were observed.",
    "exclusion_resolution": "The public is excluded: the item names a school in difficulty.",
    "external_references": "SIMS-1042",
    "feed": "01980d3e",
    "figure": "visits.held",
    "file_name": "papur.pdf",
    "first_school_year": "2019/20",
    "first_year": "2025",
    "footprint": "csc",
    "from_body": "csc_joint_committee",
    "gss_code": "W06000014",
    "href": "/v1/schools/6732118",
    "judgement": "good",
    "jws": "eyJhbGciOiJFZERTQSJ9..c2ln",
    "key": "6732118",
    "kind": "school",
    "label_cy": "Cadeirydd",
    "label_en": "Chair",
    "language": "cy",
    "language_category": "WM",
    "languages": "cy",
    "last_school_year": "2020/21",
    "link": "/v1/schools/6732118",
    "match_reasons": "The provider has free days in the period.",
    "meaning": "Requests that are answered without a fault of ours.",
    "measure": "count",
    "media_type": "application/pdf",
    "minute_cy": "Nodwyd y mater.",
    "minute_en": "The matter was noted.",
    "mitigation": "Another officer matches the request.",
    "municipal_year": "2025/26",
    "municipal_year_begins": "05-01",
    "name": "Ysgol Gynradd yr Enfys",
    "name_cy": "Cyd-bwyllgor",
    "name_en": "Joint committee",
    "nature": "Governor of the school concerned.",
    "need": "Pupils in Years 3 and 4 need support with reading.",
    "next": "/v1/schools?limit=50&cursor=eyJ2IjoxfQ",
    "note": "Training in the morning",
    "of": "members",
    "on_behalf_of": "authority_system:673",
    "operation": "schools.read",
    "organisation": "csc",
    "outcome": "carried",
    "outcome_note": "The budget is returned with the committee's comments.",
    "path": "/v1/schools/6732118",
    "period": "autumn_1",
    "phone": "01633 555 010",
    "place": "Ysgol Gynradd yr Enfys",
    "pointer": "/valid_from",
    "postcode": "CF10 3NQ",
    "prefix": "3f",
    "presenter": "Managing director",
    "projection": "known_schools",
    "provider_authority": "674",
    "provider_school": "6742031",
    "purpose": "To see how reading is taught in Years 3 and 4.",
    "question": "Why did the number of schools change?",
    "rationale": "Standards are rising and leadership is secure.",
    "reason": "Agreed with the school",
    "record": "schools",
    "records": ID,
    "reference": "Lesson observation, Year 4",
    "referred_from": ID,
    "reply": "The school agrees with the report.",
    "represents": "673",
    "resolution": "redriven",
    "return_id": "2025-26.autumn_1.csc",
    "review": "Delivery is on course.",
    "rights": "3f9a1c",
    "role": "adviser",
    "rule": "RET-01",
    "school": "6732118",
    "school_number": "6732118",
    "school_year": "2025/26",
    "scrutiny_body": "673_scrutiny_committee",
    "seat": "elected_member",
    "section": "visits",
    "sector": "primary",
    "sectors": "primary",
    "self": "/v1/schools?limit=50",
    "self_evaluation": "Standards are good and improving.",
    "service": "registry",
    "sheet": "Maintained",
    "signed": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    "source": "Estyn report 2025",
    "state": "open",
    "state_title": "Open",
    "statement": "Pupils' reading improves steadily in every year group.",
    "status": "open",
    "subject": "/schools/6732118",
    "success_criterion": "Every pupil in Year 4 reads at the expected level.",
    "success_measure": "Every pupil in Year 4 reads at the expected level.",
    "summary": "Reading is taught well; the most able want harder texts.",
    "telephone": "01633 555 010",
    "text": "Checked against the school's own figures.",
    "text_cy": "Cytunodd y pwyllgor ar y cynllun.",
    "text_en": "The committee agreed the plan.",
    "title": "Support with reading",
    "title_cy": "Cymorth gyda darllen",
    "title_en": "Support with reading",
    "to_body": "csc_joint_committee",
    "topic": "registry.events",
    "trace": f"/v1/returns/{ID}/versions/1/figures/visits.held/trace",
    "type": "cymru.gwella.registry.school.details_changed.v1",
    "unit": "records",
    "url": f"/v1/documents/{ID}/content?expires=1756719000&signature=3f9a",
    "value": "amber",
    "values": "SIMS-1042",
    "way": "for",
}
"""By the name of the field; used where the schema allows it."""
PATTERNED: Final = (
    ID, "673", "6732118", "csc_joint_committee", "brokerage.commission", "2025/26", "2025", "footprint:673",
    "swyddfa@ysgol.example", "W06000014", HASH, "9f", "example", "Example", "1",
)  # fmt: skip
"""Tried in this order against a pattern."""


def texts_for(within: str, name: str, description: str) -> list[str]:
    """What a text of that name in that schema may be, the best first; `description` may name its list of codes."""
    found = [_IN[within][name]] if name in _IN.get(within, {}) else []
    for listed in _LISTED.findall(description):
        if listed in _RESOURCES:
            found.append(_RESOURCES[listed])
        elif listed in CODE_LISTS:
            found.append(_PREFERRED.get(listed, CODE_LISTS[listed].codes[0].code))
    if name in _NAMED:
        found.append(_NAMED[name])
    if name in ("sha256", "digest", "hash") or name.endswith("_digest"):
        found += [HASH, HASH[:16]]
    if name == "id" or name.endswith("_id"):
        found.append(ID)
    if name.endswith(("_reason", "_because")):
        found.append(_NAMED["reason"])
    if name == "earlier_version":
        found.append(ID)
    if name.endswith("_by"):
        found.append("data-officer-673")
    return found
