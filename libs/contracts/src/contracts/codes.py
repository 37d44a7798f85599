"""Code lists: stable English-based codes with labels in both languages.

Sources: Welsh Government address list of 10 April 2018 (sectors, governance, types, religious character,
medium with the definitions of 2007); National Model for Regional Working (regimes); term dates (half-terms).
"""

from collections.abc import Mapping
from datetime import date

from contracts.brokerage_codes import BROKERAGE_CODE_LISTS
from contracts.code_list import Code, CodeList
from contracts.code_list import code_list as _list
from contracts.document_codes import DOCUMENT_CODE_LISTS
from contracts.governance_codes import GOVERNANCE_CODE_LISTS
from contracts.text import Text

SECTORS = _list(
    "sectors", "Sectors", "Sectorau",
    ("nursery", "Nursery", "Meithrin"),
    ("primary", "Primary", "Cynradd"),
    ("middle", "Middle", "Canol"),
    ("secondary", "Secondary", "Uwchradd"),
    ("special", "Special", "Arbennig"),
    ("independent", "Independent", "Annibynnol"),
    Code("pru", Text("Pupil referral unit", "Uned cyfeirio disgyblion"), also=("PRU", "UCD")),
)  # fmt: skip

GOVERNANCE = _list(
    "governance", "Governance", "Llywodraethu",
    ("community", "Community", "Cymuned"),
    ("voluntary_aided", "Voluntary aided", "Gwirfoddol a Gynorthwyir"),
    ("voluntary_controlled", "Voluntary controlled", "Gwirfoddol a Reolir"),
    ("foundation", "Foundation", "Sefydledig"),
    ("not_applicable", "Not Applicable", "Ddim yn gymwys"),
)  # fmt: skip

RELIGIOUS_CHARACTER = _list(
    "religious_character", "Religious character", "Cymeriad crefyddol",
    Code("none", Text("None", "Dim"), also=("---",)),
    ("church_in_wales", "Church in Wales", "Eglwys yng Nghymru"),
    ("roman_catholic", "Roman Catholic", "Eglwys Gatholig"),
    ("roman_catholic_anglican", "Roman Catholic & Anglican", "Eglwys Gatholig & Anglicanaidd"),
)  # fmt: skip

LANGUAGE_CATEGORY_2007 = _list(
    "language_category_2007", "Welsh-medium type (2007)", "Math o gyfrwng Cymraeg (2007)",
    ("WM", "Welsh medium", "Cyfrwng Cymraeg"),
    ("DS", "Dual Stream", "Ddwy ffrwd"),
    ("TR", "Transitional", "Drawsnewidiol"),
    ("AB", "Bilingual (Type A)", "Ddwyieithog (Categori A)"),
    ("BB", "Bilingual (Type B)", "Ddwyieithog (Categori B)"),
    ("CB", "Bilingual (Type C)", "Ddwyieithog (Categori C)"),
    ("CH", "Bilingual (Type Ch)", "Ddwyieithog (Categori Ch)"),
    Code("EW", Text("English with significant Welsh",
                    "Cyfrwng Saesneg yn bennaf ond â defnydd sylweddol o'r Gymraeg"),
         also=("Cyfrwng Saesneg yn bennaf ond â defnydd sylweddol or Gymraeg",)),
    ("EM", "English medium", "Cyfrwng Saesneg"),
    ("NA", "Not applicable", "Dim yn berthnasol"),
)  # fmt: skip

SCHOOL_TYPES = _list(
    "school_types", "School types", "Mathau o ysgolion",
    ("nursery", "Nursery", "Meithrin"),
    ("infants", "Infants", "Babanod"),
    ("nursery_infants", "Nursery & Infants", "Babanod a meithrin"),
    ("infants_juniors", "Infants & Juniors", "Iau a babanod"),
    ("juniors", "Juniors", "Iau"),
    ("nursery_infants_juniors", "Nursery, Infants & Juniors", "Iau, babanod a meithrin"),
    ("middle_3_16", "Middle (ages 3-16)", "Canol (ystod oedran 3-16)"),
    ("middle_3_19", "Middle (ages 3-19)", "Canol (ystod oedran 3-19)"),
    ("middle_4_19", "Middle (ages 4-19)", "Canol (ystod oedran 4-19)"),
    ("secondary_11_16", "Secondary (ages 11-16)", "Uwchradd (ystod oedran 11-16)"),
    ("secondary_11_19", "Secondary (ages 11-19)", "Uwchradd (ystod oedran 11-19)"),
    ("special_post_16", "Special (with post-16 provision)", "Arbennig gyda darpariaeth ôl-16"),
    ("special_no_post_16", "Special (without post-16 provision)", "Arbennig heb ddarpariaeth ôl-16"),
)  # fmt: skip

SCHOOL_STATUS = _list(
    "school_status", "School status", "Statws ysgol",
    ("proposed", "Proposed", "Arfaethedig"),
    ("open", "Open", "Ar agor"),
    ("closed", "Closed", "Ar gau"),
)  # fmt: skip

ROLES_OF_PEOPLE = _list(
    "roles_of_people", "Roles of people", "Rolau pobl",
    ("adviser", "Adviser", "Ymgynghorydd"),
    ("senior_adviser", "Senior adviser", "Uwch ymgynghorydd"),
    ("lead_officer", "Lead officer for school improvement", "Swyddog arweiniol gwella ysgolion"),
    ("director_of_education", "Director of education", "Cyfarwyddwr addysg"),
    ("managing_director", "Managing director", "Rheolwr gyfarwyddwr"),
    ("consortium_officer", "Consortium officer", "Swyddog y consortiwm"),
    ("data_officer", "Data officer", "Swyddog data"),
    ("broker", "Broker of support", "Brocer cymorth"),
    ("head_teacher", "Headteacher", "Pennaeth"),
    ("chair_of_governors", "Chair of governors", "Cadeirydd y llywodraethwyr"),
    ("clerk", "Clerk", "Clerc"),
    ("member", "Member of a body", "Aelod o gorff"),
)  # fmt: skip

FOOTPRINT_KINDS = _list(
    "footprint_kinds", "Kinds of footprint", "Mathau o ôl troed",
    ("consortium", "Regional consortium", "Consortiwm rhanbarthol"),
    ("health_board", "Health board", "Bwrdd iechyd"),
)  # fmt: skip

REGIMES = _list(
    "regimes", "Regimes of school improvement", "Cyfundrefnau gwella ysgolion",
    Code("joint_education_service_2012",
         Text("Joint Education Service (2012)", "Gwasanaeth Addysg ar y Cyd (2012)"), date(2012, 9, 1)),
    Code("national_model_2014",
         Text("National Model for Regional Working (2014)",
              "Model Cenedlaethol ar gyfer Gweithio Rhanbarthol (2014)"),
         date(2014, 4, 1)),
    Code("authority_led_2025",
         Text("Improvement led by the local authority (2025)",
              "Gwella dan arweiniad yr awdurdod lleol (2025)"),
         date(2025, 1, 1)),
)  # fmt: skip
"""Operating models. `valid_from` is the first day on which an authority may adopt one."""

LIAISON_KINDS = _list(
    "liaison_kinds", "Kinds of liaison", "Mathau o swyddogion cyswllt",
    ("senior_link_officer", "Senior link officer", "Uwch swyddog cyswllt"),
    ("lead_officer", "Lead officer", "Swyddog arweiniol"),
)  # fmt: skip

HALF_TERMS = _list(
    "half_terms", "Half-term periods", "Cyfnodau hanner tymor",
    ("autumn_1", "First half of the autumn term", "Hanner cyntaf tymor yr hydref"),
    ("autumn_2", "Second half of the autumn term", "Ail hanner tymor yr hydref"),
    ("spring_1", "First half of the spring term", "Hanner cyntaf tymor y gwanwyn"),
    ("spring_2", "Second half of the spring term", "Ail hanner tymor y gwanwyn"),
    ("summer_1", "First half of the summer term", "Hanner cyntaf tymor yr haf"),
    ("summer_2", "Second half of the summer term", "Ail hanner tymor yr haf"),
)  # fmt: skip

CMI_COMPONENTS = _list(
    "cmi_components", "Components of the universal service", "Elfennau'r gwasanaeth cyffredinol",
    ("challenge", "Challenge", "Herio"),
    ("monitor", "Monitor", "Monitro"),
    ("intervention", "Intervention", "Ymyrryd"),
)  # fmt: skip

VISIT_STATES = _list(
    "visit_states", "States of a visit", "Cyflyrau ymweliad",
    ("planned", "Planned", "Wedi'i gynllunio"),
    ("held", "Held", "Wedi'i gynnal"),
    ("drafted", "Drafted", "Wedi'i ddrafftio"),
    ("quality_assured", "Quality assured", "Ansawdd wedi'i sicrhau"),
    ("shared", "Shared with the school", "Wedi'i rannu â'r ysgol"),
    ("replied", "Replied to", "Wedi cael ymateb"),
    ("lapsed", "No reply in time", "Dim ymateb mewn pryd"),
    ("final", "Final", "Terfynol"),
    ("amended", "Amended", "Wedi'i ddiwygio"),
    ("cancelled", "Cancelled", "Wedi'i ganslo"),
)  # fmt: skip

PEOPLE_MET = _list(
    "people_met", "People met on a visit", "Pobl a gyfarfuwyd ar ymweliad",
    ("head_teacher", "Headteacher", "Pennaeth"),
    ("senior_leaders", "Senior leaders", "Uwch arweinwyr"),
    ("chair_of_governors", "Chair of governors", "Cadeirydd y llywodraethwyr"),
    ("governors", "Governors", "Llywodraethwyr"),
    ("teachers", "Teachers", "Athrawon"),
    ("pupils", "Pupils", "Disgyblion"),
    ("authority", "Officers of the authority", "Swyddogion yr awdurdod"),
)  # fmt: skip

FINDING_AREAS = _list(
    "finding_areas", "Areas of a finding", "Meysydd canfyddiad",
    ("standards", "Standards", "Safonau"),
    ("teaching", "Teaching", "Addysgu"),
    ("leadership", "Leadership", "Arweinyddiaeth"),
    ("governance", "Governance", "Llywodraethiant"),
    ("wellbeing", "Well-being", "Lles"),
    ("curriculum", "Curriculum", "Cwricwlwm"),
    ("capacity_to_improve", "Capacity to improve", "Gallu i wella"),
)  # fmt: skip

FINDING_STATES = _list(
    "finding_states", "States of a finding", "Cyflyrau canfyddiad",
    ("recorded", "Recorded", "Wedi'i gofnodi"),
    ("published", "Published", "Wedi'i gyhoeddi"),
    ("withdrawn", "Withdrawn", "Wedi'i dynnu'n ôl"),
)  # fmt: skip

EVIDENCE_KINDS = _list(
    "evidence_kinds", "Kinds of evidence", "Mathau o dystiolaeth",
    ("lesson_observation", "Lesson observation", "Arsylwi gwers"),
    ("book_scrutiny", "Scrutiny of pupils' work", "Craffu ar waith disgyblion"),
    ("data", "Data", "Data"),
    ("self_evaluation_report", "Self-evaluation report", "Adroddiad hunanwerthuso"),
    ("school_development_plan", "School development plan", "Cynllun datblygu'r ysgol"),
    ("interview", "Interview", "Cyfweliad"),
    ("document", "Other document", "Dogfen arall"),
)  # fmt: skip

ACTION_STATES = _list(
    "action_states", "States of an action", "Cyflyrau cam gweithredu",
    ("proposed", "Proposed", "Wedi'i gynnig"),
    ("agreed", "Agreed", "Wedi'i gytuno"),
    ("in_progress", "In progress", "Ar y gweill"),
    ("claimed_complete", "Said to be complete", "Dywedir ei fod wedi'i gwblhau"),
    ("verified", "Verified", "Wedi'i wirio"),
    ("cancelled", "Cancelled", "Wedi'i ganslo"),
)  # fmt: skip

ACTION_OWNERS = _list(
    "action_owners", "Owners of an action", "Perchnogion cam gweithredu",
    ("school", "School", "Ysgol"),
    ("consortium", "Consortium", "Consortiwm"),
    ("authority", "Local authority", "Awdurdod lleol"),
)  # fmt: skip

CATEGORY_STATES = _list(
    "category_states", "Steps of a support category", "Camau categori cymorth",
    ("self_evaluated", "Self-evaluated", "Wedi'i hunanwerthuso"),
    ("adviser_proposed", "Proposed by the adviser", "Wedi'i gynnig gan yr ymgynghorydd"),
    ("agreed_with_school", "Agreed with the school", "Wedi'i gytuno â'r ysgol"),
    ("disagreement_lodged", "Disagreement lodged", "Anghytundeb wedi'i gyflwyno"),
    ("regionally_moderated", "Moderated regionally", "Wedi'i gymedroli'n rhanbarthol"),
    ("nationally_verified", "Verified nationally", "Wedi'i wirio'n genedlaethol"),
    ("published", "Published", "Wedi'i gyhoeddi"),
    ("superseded", "Superseded", "Wedi'i ddisodli"),
)  # fmt: skip

CATEGORY_SCHEMES = _list(
    "category_schemes", "Schemes of categories", "Cynlluniau categorïau",
    ("legacy_2012", "Regional category A to D (to 2014)", "Categori rhanbarthol A i D (hyd at 2014)"),
    ("national_2014", "National School Categorisation System: support category",
     "System Genedlaethol Categoreiddio Ysgolion: categori cymorth"),
)  # fmt: skip
"""Values of different schemes are never compared, whatever letters they share."""

MONITORING_STATES = _list(
    "monitoring_states", "States of monitoring", "Cyflyrau monitro",
    ("due", "Due", "Yn ddyledus"),
    ("met", "Met", "Wedi'i gyflawni"),
)  # fmt: skip

RETURN_STATES = _list(
    "return_states", "States of a return", "Cyflyrau ffurflen",
    ("opened", "Opened", "Wedi'i hagor"),
    ("filled", "Filled", "Wedi'i llenwi"),
    ("validated", "Validated", "Wedi'i dilysu"),
    ("frozen", "Frozen", "Wedi'i rhewi"),
    ("signed_first", "Signed off once", "Wedi'i chymeradwyo unwaith"),
    ("signed_second", "Signed off twice", "Wedi'i chymeradwyo ddwywaith"),
    ("submitted", "Submitted", "Wedi'i chyflwyno"),
    ("queried", "Queried", "Wedi'i holi"),
    ("acknowledged", "Acknowledged", "Wedi'i chydnabod"),
    ("superseded", "Superseded", "Wedi'i disodli"),
    ("voided", "Voided", "Wedi'i dirymu"),
)  # fmt: skip

RETURN_KINDS = _list(
    "return_kinds", "Kinds of return", "Mathau o ffurflen",
    ("consortium", "A consortium's, with a row for each authority", "Un consortiwm, gyda rhes i bob awdurdod"),
    ("authority", "An authority's own", "Un awdurdod ei hun"),
)  # fmt: skip

RETURN_OBLIGATION_STATES = _list(
    "return_obligation_states", "States of an obligation to return", "Cyflyrau rhwymedigaeth i wneud ffurflen",
    ("not_due", "Period not over", "Y cyfnod heb ddod i ben"),
    ("open", "Owed, in time", "Yn ddyledus, o fewn yr amser"),
    ("late", "Owed and late", "Yn ddyledus ac yn hwyr"),
    ("submitted", "Submitted", "Wedi'i chyflwyno"),
    ("submitted_late", "Submitted late", "Wedi'i chyflwyno'n hwyr"),
)  # fmt: skip

CODE_LISTS: Mapping[str, CodeList] = {
    codes.name: codes
    for codes in (
        SECTORS, GOVERNANCE, SCHOOL_TYPES, RELIGIOUS_CHARACTER, LANGUAGE_CATEGORY_2007, SCHOOL_STATUS,
        ROLES_OF_PEOPLE, FOOTPRINT_KINDS, REGIMES, LIAISON_KINDS, HALF_TERMS, CMI_COMPONENTS, VISIT_STATES,
        PEOPLE_MET, FINDING_AREAS, FINDING_STATES, EVIDENCE_KINDS, ACTION_STATES, ACTION_OWNERS, CATEGORY_STATES,
        CATEGORY_SCHEMES, MONITORING_STATES, RETURN_STATES, RETURN_KINDS, RETURN_OBLIGATION_STATES,
        *BROKERAGE_CODE_LISTS, *GOVERNANCE_CODE_LISTS, *DOCUMENT_CODE_LISTS,
    )
}  # fmt: skip
"""Every code list by its name."""
