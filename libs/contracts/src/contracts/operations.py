"""Every operation that a role may be granted; an operation is also the OAuth scope of that name.

`<resource>.<verb>`: `read` shows, `write` creates, changes and ends, other verbs name a command of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.text import Text


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a caller may be allowed to do."""

    name: str
    title: Text


def _operations(*rows: tuple[str, str, str]) -> Mapping[str, Operation]:
    return {name: Operation(name, Text(en, cy)) for name, en, cy in rows}


OPERATIONS: Mapping[str, Operation] = _operations(
    ("me.read", "See who I am and what I may do", "Gweld pwy ydw i a beth y caf ei wneud"),
    (
        "service_levels.read",
        "See what is promised of the service and how it is kept",
        "Gweld beth a addewir am y gwasanaeth a sut y'i cedwir",
    ),
    ("schools.read", "Read schools", "Darllen ysgolion"),
    ("schools.write", "Change schools", "Newid ysgolion"),
    ("contacts.read", "Read a school's contacts", "Darllen cysylltiadau ysgol"),
    ("contacts.write", "Change a school's contacts", "Newid cysylltiadau ysgol"),
    ("authorities.read", "Read local authorities", "Darllen awdurdodau lleol"),
    ("authorities.write", "Register local authorities", "Cofrestru awdurdodau lleol"),
    ("footprints.read", "Read footprints", "Darllen olion traed"),
    ("footprints.write", "Change footprints", "Newid olion traed"),
    ("regimes.read", "Read regimes", "Darllen cyfundrefnau"),
    ("regimes.write", "Adopt regimes", "Mabwysiadu cyfundrefnau"),
    ("calendars.read", "Read calendars", "Darllen calendrau"),
    ("calendars.write", "Publish calendars", "Cyhoeddi calendrau"),
    ("people.read", "Read people", "Darllen pobl"),
    ("people.write", "Change people", "Newid pobl"),
    ("roles.read", "Read roles of people", "Darllen rolau pobl"),
    ("roles.write", "Assign and end roles", "Neilltuo rolau a'u dirwyn i ben"),
    ("allocations.read", "Read adviser allocations", "Darllen dyraniadau ymgynghorwyr"),
    ("allocations.write", "Allocate advisers", "Dyrannu ymgynghorwyr"),
    ("liaisons.read", "Read liaisons", "Darllen swyddogion cyswllt"),
    ("liaisons.write", "Designate liaisons", "Dynodi swyddogion cyswllt"),
    ("lists.read", "Read school lists", "Darllen rhestrau ysgolion"),
    ("lists.write", "Upload and apply school lists", "Llwytho a chymhwyso rhestrau ysgolion"),
    ("visits.read", "Read final visits", "Darllen ymweliadau terfynol"),
    ("shared_visits.read", "Read visits shared with the school", "Darllen ymweliadau a rannwyd â'r ysgol"),
    ("draft_visits.read", "Read visits at every stage", "Darllen ymweliadau ar bob cam"),
    (
        "visits.write",
        "Plan, hold, draft and finalise visits",
        "Cynllunio, cynnal, drafftio a therfynu ymweliadau",
    ),
    ("visits.assure", "Assure the quality of draft reports", "Sicrhau ansawdd adroddiadau drafft"),
    ("visits.reply", "Reply to a draft report", "Ymateb i adroddiad drafft"),
    ("actions.read", "Read actions", "Darllen camau gweithredu"),
    ("actions.write", "Propose and change actions", "Cynnig a newid camau gweithredu"),
    (
        "actions.own",
        "Agree, begin and complete own actions",
        "Cytuno, dechrau a chwblhau eich camau gweithredu",
    ),
    ("actions.verify", "Verify actions", "Gwirio camau gweithredu"),
    ("categories.read", "Read support categories", "Darllen categorïau cymorth"),
    ("categories.evaluate", "Begin a categorisation", "Dechrau categoreiddio"),
    ("categories.propose", "Propose a support category", "Cynnig categori cymorth"),
    ("categories.respond", "Agree or disagree with a category", "Cytuno neu anghytuno â chategori"),
    ("categories.moderate", "Moderate and publish categories", "Cymedroli a chyhoeddi categorïau"),
    ("categories.import", "Import published categories", "Mewnforio categorïau cyhoeddedig"),
    ("monitoring.read", "Read monitoring that is due", "Darllen monitro sy'n ddyledus"),
    ("support_menu.read", "Read the menu of support", "Darllen y ddewislen cymorth"),
    ("support_menu.write", "Change the menu of support", "Newid y ddewislen cymorth"),
    ("providers.read", "Read providers of support", "Darllen darparwyr cymorth"),
    ("providers.write", "Register and change providers", "Cofrestru a newid darparwyr"),
    ("capacities.write", "Declare a provider's capacity", "Datgan capasiti darparwr"),
    ("support_requests.read", "Read support requests", "Darllen ceisiadau am gymorth"),
    ("support_requests.write", "Request support and withdraw it", "Gwneud cais am gymorth a'i dynnu'n ôl"),
    ("support_requests.broker", "Triage, match and offer support", "Brysbennu, paru a chynnig cymorth"),
    ("offers.read", "Read offers of support", "Darllen cynigion cymorth"),
    ("offers.answer", "Accept or decline offers of support", "Derbyn neu wrthod cynigion cymorth"),
    ("interests.read", "Read conflicts of interest", "Darllen gwrthdaro buddiannau"),
    ("interests.declare", "Declare a conflict of interest", "Datgan gwrthdaro buddiannau"),
    ("interests.mitigate", "Record how a conflict is mitigated", "Cofnodi sut y lliniarir gwrthdaro"),
    ("commissions.read", "Read commissions", "Darllen comisiynau"),
    ("commissions.write", "Commission, extend and stop support", "Comisiynu, ymestyn ac atal cymorth"),
    ("commissions.override", "Override a support-day ceiling", "Diystyru terfyn diwrnodau cymorth"),
    ("deliveries.write", "Log support delivered", "Cofnodi cymorth a ddarparwyd"),
    ("impacts.read", "Read judgements of impact", "Darllen barnau ar effaith"),
    ("impacts.write", "Judge the impact of support", "Barnu effaith cymorth"),
    (
        "bodies.read",
        "Read bodies, their constitutions and members",
        "Darllen cyrff, eu cyfansoddiadau a'u haelodau",
    ),
    ("bodies.write", "Establish bodies and appoint members", "Sefydlu cyrff a phenodi aelodau"),
    ("meetings.read", "Read meetings", "Darllen cyfarfodydd"),
    ("meetings.write", "Schedule meetings and give notice", "Trefnu cyfarfodydd a rhoi hysbysiad"),
    ("meetings.agree", "Agree the agenda of a meeting", "Cytuno ar agenda cyfarfod"),
    ("meetings.chair", "Open, adjourn and close meetings", "Agor, gohirio a chau cyfarfodydd"),
    ("agenda_items.read", "Read agenda items and their papers", "Darllen eitemau agenda a'u papurau"),
    ("agenda_items.write", "Change the agenda", "Newid yr agenda"),
    (
        "proceedings.read",
        "Read attendance, declarations and votes",
        "Darllen presenoldeb, datganiadau a phleidleisiau",
    ),
    (
        "proceedings.write",
        "Record attendance, declarations and votes",
        "Cofnodi presenoldeb, datganiadau a phleidleisiau",
    ),
    ("resolutions.read", "Read resolutions", "Darllen penderfyniadau"),
    ("resolutions.write", "Record resolutions", "Cofnodi penderfyniadau"),
    ("minutes.read", "Read minutes", "Darllen cofnodion"),
    ("minutes.write", "Draft, approve and publish minutes", "Drafftio, cymeradwyo a chyhoeddi cofnodion"),
    ("decisions.read", "Read executive decisions", "Darllen penderfyniadau gweithrediaeth"),
    ("decisions.write", "Publish executive decisions", "Cyhoeddi penderfyniadau gweithrediaeth"),
    ("decisions.call_in", "Call in executive decisions", "Galw penderfyniadau gweithrediaeth i mewn"),
    ("references.read", "Read references between bodies", "Darllen atgyfeiriadau rhwng cyrff"),
    (
        "references.write",
        "Make references and record outcomes",
        "Gwneud atgyfeiriadau a chofnodi canlyniadau",
    ),
    ("returns.read", "Read returns", "Darllen ffurflenni"),
    (
        "returns.write",
        "Fill, validate, submit and amend returns",
        "Llenwi, dilysu, cyflwyno a diwygio ffurflenni",
    ),
    ("returns.freeze", "Freeze returns", "Rhewi ffurflenni"),
    ("returns.sign", "Sign off returns", "Cymeradwyo ffurflenni"),
    ("returns.acknowledge", "Acknowledge and query returns", "Cydnabod a holi ffurflenni"),
    ("return_obligations.read", "See which returns are owed", "Gweld pa ffurflenni sy'n ddyledus"),
    ("return_definitions.read", "Read definitions of returns", "Darllen diffiniadau ffurflenni"),
    ("return_keys.read", "Read the keys that sign returns", "Darllen yr allweddi sy'n llofnodi ffurflenni"),
    ("documents.read", "Read and download documents", "Darllen a lawrlwytho dogfennau"),
    ("documents.write", "Add and remove documents", "Ychwanegu a thynnu dogfennau"),
    ("jobs.read", "Read jobs", "Darllen tasgau"),
    ("jobs.cancel", "Cancel jobs", "Canslo tasgau"),
    ("codes.read", "Read code lists", "Darllen rhestrau codau"),
    ("changes.read", "Read the change feed", "Darllen y ffrwd newidiadau"),
    ("audit.read", "Read the audit log", "Darllen y cofnod archwilio"),
    ("events.read", "Read parked and pending events", "Darllen digwyddiadau wedi'u parcio neu'n aros"),
    ("events.repair", "Redrive or discard parked events", "Ailyrru neu waredu digwyddiadau wedi'u parcio"),
)
"""All operations by name. A role that does not list an operation does not have it."""
