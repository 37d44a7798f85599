"""Governance: bodies, their meetings, what they decide, and what becomes of it."""

from pathlib import Path

from contracts.events import governance as events
from contracts.events import governance_decisions as decided
from contracts.text import Text
from eventing.reactions import reactions_of
from governance import reactions
from governance.api import (
    agenda_items,
    bodies,
    body_members,
    constitutions,
    decisions,
    meetings,
    minutes,
    proceedings,
    references,
    resolutions,
)
from governance.storage.memberships import memberships_of
from governance.storage.tables import metadata, shared
from governance.usecases.clock_tasks import CLOCK_TASKS
from service_kit.service import Service

_RESOURCES = (
    constitutions, bodies, body_members, meetings, agenda_items, proceedings, resolutions, minutes, decisions,
    references,
)  # fmt: skip

service = Service(
    name="governance",
    title=Text("Governance", "Llywodraethiant"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[resource.router for resource in _RESOURCES],
    reactions=reactions_of(reactions),
    publishes=[
        events.BodyEstablished,
        events.BodyConstitutionAdopted,
        events.MemberAppointed,
        events.MemberEnded,
        events.MeetingScheduled,
        events.MeetingAgendaAgreed,
        events.MeetingAgendaPublished,
        events.MeetingOpened,
        events.MeetingAdjourned,
        events.MeetingClosed,
        events.MeetingCancelled,
        events.MeetingMinuted,
        events.MeetingPublished,
        events.AgendaItemAdded,
        events.AgendaItemChanged,
        events.AgendaItemWithdrawn,
        events.AgendaItemPublished,
        events.AttendanceRecorded,
        events.AttendanceLeft,
        events.AttendanceReturned,
        events.DeclarationMade,
        events.MinutesDrafted,
        events.MinutesTranslated,
        events.MinutesApproved,
        events.MinutesPublished,
        decided.ResolutionMoved,
        decided.ResolutionPut,
        decided.ResolutionCarried,
        decided.ResolutionLost,
        decided.ResolutionDeferred,
        decided.ResolutionWithdrawn,
        decided.ResolutionPublished,
        decided.VoteRecorded,
        decided.DecisionPublished,
        decided.DecisionBecameCallable,
        decided.DecisionCalledIn,
        decided.DecisionTookEffect,
        decided.DecisionUpheld,
        decided.DecisionReferredBack,
        decided.DecisionSentToCouncil,
        decided.DecisionImplemented,
        decided.ReferenceMade,
        decided.ReferenceReceived,
        decided.ReferenceListed,
        decided.ReferenceConsidered,
        decided.ReferenceOutcomeRecorded,
        decided.ReferenceReferredOn,
        decided.ReferenceBecameOverdue,
        decided.ReferenceClosed,
    ],
    clock_tasks=CLOCK_TASKS,
    memberships=memberships_of,
)
