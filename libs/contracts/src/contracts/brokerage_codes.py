"""Code lists of brokerage: what can be brokered (CSC's catalogue), by whom, and the states of what is brokered."""

from contracts.code_list import code_list as _list

SPECIALISMS = _list(
    "specialisms", "Specialisms", "Arbenigeddau",
    ("literacy", "Literacy", "Llythrennedd"),
    ("numeracy", "Numeracy", "Rhifedd"),
    ("welsh", "Welsh", "Cymraeg"),
    ("science", "Science", "Gwyddoniaeth"),
    ("digital", "Digital competence", "Cymhwysedd digidol"),
    ("foundation_phase", "Foundation Phase", "Y Cyfnod Sylfaen"),
    ("teaching", "Teaching", "Addysgu"),
    ("assessment", "Assessment", "Asesu"),
    ("curriculum", "Curriculum", "Cwricwlwm"),
    ("leadership", "Leadership", "Arweinyddiaeth"),
    ("self_evaluation", "Self-evaluation and improvement planning", "Hunanwerthuso a chynllunio gwelliant"),
    ("governance", "Governance", "Llywodraethiant"),
    ("wellbeing", "Well-being", "Lles"),
    ("poverty", "Reducing the impact of poverty", "Lleihau effaith tlodi"),
    ("additional_learning_needs", "Additional learning needs", "Anghenion dysgu ychwanegol"),
)  # fmt: skip

SUPPORT_TYPES = _list(
    "support_types", "Types of support", "Mathau o gymorth",
    ("school_improvement_group", "School Improvement Group", "Grŵp Gwella Ysgolion"),
    ("pathfinder_pair", "Pathfinder pair", "Pâr braenaru"),
    ("hub_programme", "Hub school programme", "Rhaglen ysgol hwb"),
    ("peer_enquiry", "Peer enquiry", "Ymholiad gan gymheiriaid"),
    ("lead_practitioner", "Lead practitioner school", "Ysgol ymarferydd arweiniol"),
    ("teacher_programme", "Programme for teachers", "Rhaglen i athrawon"),
    ("leadership_programme", "Leadership programme", "Rhaglen arweinyddiaeth"),
    ("governor_support", "Consultant governor", "Llywodraethwr ymgynghorol"),
    ("adviser_support", "Bespoke support of an adviser", "Cymorth pwrpasol gan ymgynghorydd"),
    ("partner_programme", "Programme of a partner", "Rhaglen partner"),
    ("universal_offer", "Open to every school", "Agored i bob ysgol"),
)  # fmt: skip

PROVIDER_KINDS = _list(
    "provider_kinds", "Kinds of provider", "Mathau o ddarparwyr",
    ("school", "School", "Ysgol"),
    ("adviser", "Adviser", "Ymgynghorydd"),
    ("partner", "Partner", "Partner"),
)  # fmt: skip

FOLLOW_UP_CATEGORIES = _list(
    "follow_up_categories", "Follow-up categories of Estyn", "Categorïau dilynol Estyn",
    ("none", "None", "Dim"),
    ("estyn_review", "Estyn review", "Adolygiad Estyn"),
    ("significant_improvement", "Significant improvement", "Gwelliant sylweddol"),
    ("special_measures", "Special measures", "Mesurau arbennig"),
)  # fmt: skip

FUNDING_STREAMS = _list(
    "funding_streams", "Funding streams", "Ffrydiau cyllido",
    ("core", "Core contribution of the authorities", "Cyfraniad craidd yr awdurdodau"),
    ("education_improvement_grant", "Education Improvement Grant", "Grant Gwella Addysg"),
    ("pupil_development_grant", "Pupil Development Grant", "Grant Datblygu Disgyblion"),
    ("regional_improvement_grant", "Regional Consortia School Improvement Grant",
     "Grant Gwella Ysgolion y Consortia Rhanbarthol"),
    ("school_budget", "Delegated budget of the school", "Cyllideb ddirprwyedig yr ysgol"),
    ("income", "Other income", "Incwm arall"),
)  # fmt: skip

PAYERS = _list(
    "payers", "Who pays", "Pwy sy'n talu",
    ("school", "The supported school", "Yr ysgol a gefnogir"),
    ("authority", "The local authority", "Yr awdurdod lleol"),
    ("consortium", "The consortium", "Y consortiwm"),
)  # fmt: skip

MENU_ITEM_STATES = _list(
    "menu_item_states", "States of a menu entry", "Cyflyrau cofnod ar y ddewislen",
    ("published", "On the menu", "Ar y ddewislen"),
    ("withdrawn", "Withdrawn", "Wedi'i dynnu'n ôl"),
)  # fmt: skip

PROVIDER_STATES = _list(
    "provider_states", "States of a provider", "Cyflyrau darparwr",
    ("active", "Active", "Gweithredol"),
    ("ended", "Ended", "Wedi dod i ben"),
)  # fmt: skip

SUPPORT_REQUEST_STATES = _list(
    "support_request_states", "States of a support request", "Cyflyrau cais am gymorth",
    ("requested", "Requested", "Wedi'i wneud"),
    ("triaged", "Triaged", "Wedi'i frysbennu"),
    ("matched", "Matched", "Wedi'i baru"),
    ("offered", "Offered", "Wedi'i gynnig"),
    ("agreed", "Agreed", "Wedi'i gytuno"),
    ("commissioned", "Commissioned", "Wedi'i gomisiynu"),
    ("declined", "Declined", "Wedi'i wrthod"),
    ("withdrawn", "Withdrawn", "Wedi'i dynnu'n ôl"),
    ("expired", "Expired", "Wedi dod i ben"),
)  # fmt: skip

OFFER_STATES = _list(
    "offer_states", "States of an offer", "Cyflyrau cynnig",
    ("made", "Made", "Wedi'i wneud"),
    ("accepted", "Accepted", "Wedi'i dderbyn"),
    ("declined", "Declined", "Wedi'i wrthod"),
    ("expired", "Expired", "Wedi dod i ben"),
    ("withdrawn", "Withdrawn", "Wedi'i dynnu'n ôl"),
)  # fmt: skip

OFFER_ANSWERS = _list(
    "offer_answers", "Answers to an offer", "Atebion i gynnig",
    ("awaited", "Awaited", "Disgwylir"),
    ("accepted", "Accepted", "Derbyniwyd"),
    ("declined", "Declined", "Gwrthodwyd"),
    ("not_needed", "Not needed", "Dim angen"),
)  # fmt: skip

INTEREST_GROUNDS = _list(
    "interest_grounds", "Grounds of a conflict of interest", "Seiliau gwrthdaro buddiannau",
    ("wrote_finding", "Wrote the finding", "Ysgrifennodd y canfyddiad"),
    ("matched_it", "Matched it", "Gwnaeth y paru"),
    ("commercial_gain", "Gains commercially", "Ar ei ennill yn fasnachol"),
)  # fmt: skip

INTEREST_STATES = _list(
    "interest_states", "States of a declared interest", "Cyflyrau buddiant a ddatganwyd",
    ("declared", "Declared", "Wedi'i ddatgan"),
    ("mitigated", "Mitigated", "Wedi'i liniaru"),
)  # fmt: skip

COMMISSION_STATES = _list(
    "commission_states", "States of a commission", "Cyflyrau comisiwn",
    ("commissioned", "Commissioned", "Wedi'i gomisiynu"),
    ("in_delivery", "In delivery", "Yn cael ei ddarparu"),
    ("reviewed", "Reviewed", "Wedi'i adolygu"),
    ("delivered", "Delivered", "Wedi'i ddarparu"),
    ("evaluated", "Evaluated", "Wedi'i werthuso"),
    ("closed", "Closed", "Wedi'i gau"),
    ("stopped", "Stopped", "Wedi'i atal"),
)  # fmt: skip

IMPACT_SIDES = _list(
    "impact_sides", "Sides of support", "Ochrau cymorth",
    ("supported", "Supported school", "Ysgol a gefnogir"),
    ("supporting", "Supporting school or provider", "Ysgol neu ddarparwr sy'n cefnogi"),
)  # fmt: skip

IMPACT_LEVELS = _list(
    "impact_levels", "Levels of impact", "Lefelau effaith",
    ("none", "None", "Dim"),
    ("some", "Some", "Peth"),
    ("strong", "Strong", "Cryf"),
)  # fmt: skip

BROKERAGE_CODE_LISTS = (
    SPECIALISMS, SUPPORT_TYPES, PROVIDER_KINDS, FOLLOW_UP_CATEGORIES, FUNDING_STREAMS, PAYERS, MENU_ITEM_STATES,
    PROVIDER_STATES, SUPPORT_REQUEST_STATES, OFFER_STATES, OFFER_ANSWERS, INTEREST_GROUNDS, INTEREST_STATES,
    COMMISSION_STATES, IMPACT_SIDES, IMPACT_LEVELS,
)  # fmt: skip
"""Every code list of brokerage."""
