"""Code lists of governance: bodies, meetings, what is decided and what becomes of it."""

from contracts.code_list import code_list as _list

BODY_TYPES = _list(
    "body_types", "Types of body", "Mathau o gorff",
    ("joint_committee", "Joint committee", "Cydbwyllgor"),
    ("executive_board", "Executive board", "Bwrdd gweithredol"),
    ("scrutiny_committee", "Scrutiny committee", "Pwyllgor craffu"),
    ("cabinet", "Cabinet", "Cabinet"),
    ("schools_forum", "Schools forum", "Fforwm ysgolion"),
    ("governing_body", "Governing body of a school", "Corff llywodraethu ysgol"),
)  # fmt: skip

OFFICES = _list(
    "offices", "Offices within a body", "Swyddi o fewn corff",
    ("chair", "Chair", "Cadeirydd"),
    ("vice_chair", "Vice chair", "Is-gadeirydd"),
)  # fmt: skip

VOTING_BASES = _list(
    "voting_bases", "Bases of voting", "Seiliau pleidleisio",
    ("per_head", "One vote a member", "Un bleidlais i bob aelod"),
    ("per_authority", "One vote an authority", "Un bleidlais i bob awdurdod"),
)  # fmt: skip

COMPOSITION_FAULTS = _list(
    "composition_faults", "Where a body is not composed as its constitution says",
    "Lle nad yw corff wedi'i gyfansoddi fel y dywed ei gyfansoddiad",
    ("vacancy", "A seat is vacant", "Mae sedd yn wag"),
    ("too_many", "More hold the seat than it has places", "Mae mwy yn dal y sedd nag sydd o leoedd ynddi"),
    ("no_chair", "There is no chair", "Nid oes cadeirydd"),
    ("chair_not_eligible", "The chair does not hold the seat that chairs come from",
     "Nid yw'r cadeirydd yn y sedd y daw cadeiryddion ohoni"),
    ("no_serving_head", "Too few serving headteachers", "Rhy ychydig o benaethiaid sydd yn eu swydd"),
    ("too_few_members", "Too few members", "Rhy ychydig o aelodau"),
    ("share_too_large", "Too large a share of the members hold this seat",
     "Mae cyfran rhy fawr o'r aelodau yn y sedd hon"),
)  # fmt: skip

MEETING_STATES = _list(
    "meeting_states", "States of a meeting", "Cyflyrau cyfarfod",
    ("scheduled", "Scheduled", "Wedi'i drefnu"),
    ("agenda_agreed", "Agenda agreed", "Agenda wedi'i chytuno"),
    ("notice_given", "Notice given", "Hysbysiad wedi'i roi"),
    ("opened", "Opened", "Wedi'i agor"),
    ("adjourned", "Adjourned", "Wedi'i ohirio"),
    ("closed", "Closed", "Wedi'i gau"),
    ("minutes_drafted", "Minutes drafted", "Cofnodion wedi'u drafftio"),
    ("approved", "Minutes approved", "Cofnodion wedi'u cymeradwyo"),
    ("published", "Minutes published", "Cofnodion wedi'u cyhoeddi"),
    ("cancelled", "Cancelled", "Wedi'i ganslo"),
)  # fmt: skip

AGENDA_ITEM_STATES = _list(
    "agenda_item_states", "States of an agenda item", "Cyflyrau eitem ar yr agenda",
    ("on_agenda", "On the agenda", "Ar yr agenda"),
    ("withdrawn", "Withdrawn", "Wedi'i thynnu'n ôl"),
)  # fmt: skip

AGENDA_MATTERS = _list(
    "agenda_matters", "Matters on an agenda", "Materion ar agenda",
    ("apologies", "Apologies", "Ymddiheuriadau"),
    ("declarations", "Declarations of interest", "Datganiadau o fuddiant"),
    ("minutes", "Minutes of an earlier meeting", "Cofnodion cyfarfod blaenorol"),
    ("budget", "Budget, including remuneration", "Cyllideb, gan gynnwys cydnabyddiaeth"),
    ("business_plan", "Business plan", "Cynllun busnes"),
    ("performance", "Performance", "Perfformiad"),
    ("delegation", "Delegation", "Dirprwyo"),
    ("risk", "Risk", "Risg"),
    ("audit", "Audit", "Archwilio"),
    ("support", "Support for schools", "Cymorth i ysgolion"),
    ("return", "Return to Welsh Government", "Datganiad i Lywodraeth Cymru"),
    ("reference", "Reference from another body", "Atgyfeiriad gan gorff arall"),
    ("report", "Other report", "Adroddiad arall"),
)  # fmt: skip

DECLARATION_KINDS = _list(
    "declaration_kinds", "Kinds of interest declared", "Mathau o fuddiant a ddatgenir",
    ("personal", "Personal", "Personol"),
    ("prejudicial", "Prejudicial", "Rhagfarnol"),
)  # fmt: skip

RESOLUTION_KINDS = _list(
    "resolution_kinds", "Kinds of resolution", "Mathau o benderfyniad",
    ("resolved", "Resolved", "Penderfynwyd"),
    ("recommended", "Recommended", "Argymhellwyd"),
    ("agreed", "Agreed", "Cytunwyd"),
    ("noted", "Noted", "Nodwyd"),
)  # fmt: skip

RESOLUTION_STATES = _list(
    "resolution_states", "States of a resolution", "Cyflyrau penderfyniad",
    ("moved", "Moved", "Wedi'i gynnig"),
    ("put", "Put to the vote", "Wedi'i roi i bleidlais"),
    ("carried", "Carried", "Wedi'i dderbyn"),
    ("lost", "Lost", "Wedi'i wrthod"),
    ("deferred", "Deferred", "Wedi'i ohirio"),
    ("withdrawn", "Withdrawn", "Wedi'i dynnu'n ôl"),
)  # fmt: skip

RESOLUTION_SUBJECTS = _list(
    "resolution_subjects", "What a resolution is about", "Am beth y mae penderfyniad",
    ("finding", "Finding", "Canfyddiad"),
    ("commission", "Commission of support", "Comisiwn cymorth"),
    ("school", "School", "Ysgol"),
    ("return", "Return to Welsh Government", "Datganiad i Lywodraeth Cymru"),
)  # fmt: skip

MINUTES_STATES = _list(
    "minutes_states", "States of minutes", "Cyflyrau cofnodion",
    ("drafted", "Drafted", "Wedi'u drafftio"),
    ("approved", "Approved", "Wedi'u cymeradwyo"),
    ("published", "Published", "Wedi'u cyhoeddi"),
)  # fmt: skip

DECISION_STATES = _list(
    "decision_states", "States of an executive decision", "Cyflyrau penderfyniad gweithrediaeth",
    ("published", "Published", "Wedi'i gyhoeddi"),
    ("callable", "May be called in", "Gellir ei alw i mewn"),
    ("called_in", "Called in", "Wedi'i alw i mewn"),
    ("effective", "In effect", "Mewn grym"),
    ("upheld", "Upheld", "Wedi'i gadarnhau"),
    ("referred_back", "Referred back", "Wedi'i gyfeirio'n ôl"),
    ("to_council", "Put before the council", "Gerbron y cyngor"),
    ("implemented", "Implemented", "Wedi'i weithredu"),
)  # fmt: skip

REFERENCE_STATES = _list(
    "reference_states", "States of a reference", "Cyflyrau atgyfeiriad",
    ("made", "Made", "Wedi'i wneud"),
    ("received", "Received", "Wedi'i dderbyn gan y corff"),
    ("listed", "On the agenda", "Ar yr agenda"),
    ("considered", "Considered", "Wedi'i ystyried"),
    ("accepted", "Accepted", "Wedi'i dderbyn"),
    ("noted", "Noted", "Wedi'i nodi"),
    ("amended", "Accepted with amendments", "Wedi'i dderbyn gyda diwygiadau"),
    ("rejected", "Rejected", "Wedi'i wrthod"),
    ("deferred", "Deferred", "Wedi'i ohirio"),
    ("referred_on", "Referred on", "Wedi'i gyfeirio ymlaen"),
    ("outcome_reported", "Outcome reported", "Canlyniad wedi'i adrodd"),
    ("closed", "Closed", "Wedi'i gau"),
)  # fmt: skip

REFERENCE_OUTCOMES = _list(
    "reference_outcomes", "Outcomes of a reference", "Canlyniadau atgyfeiriad",
    ("accepted", "Accepted", "Wedi'i dderbyn"),
    ("noted", "Noted", "Wedi'i nodi"),
    ("amended", "Accepted with amendments", "Wedi'i dderbyn gyda diwygiadau"),
    ("rejected", "Rejected", "Wedi'i wrthod"),
    ("deferred", "Deferred", "Wedi'i ohirio"),
    ("referred_on", "Referred on", "Wedi'i gyfeirio ymlaen"),
)  # fmt: skip

GOVERNANCE_CODE_LISTS = (
    BODY_TYPES, OFFICES, VOTING_BASES, COMPOSITION_FAULTS, MEETING_STATES, AGENDA_ITEM_STATES, AGENDA_MATTERS,
    DECLARATION_KINDS, RESOLUTION_KINDS, RESOLUTION_STATES, RESOLUTION_SUBJECTS, MINUTES_STATES, DECISION_STATES,
    REFERENCE_STATES, REFERENCE_OUTCOMES,
)  # fmt: skip
