"""The register: schools, authorities, regimes, calendars, people, and who challenges which school."""

from pathlib import Path

from contracts.events import registry as events
from contracts.events import registry_transfers
from contracts.text import Text
from registry.api import (
    allocations,
    authorities,
    calendars,
    code_lists,
    contacts,
    footprints,
    liaisons,
    lifecycle,
    lineage,
    people,
    regimes,
    roles,
    school_counts,
    school_lists,
    schools,
    transfers,
)
from registry.storage.memberships import memberships_of
from registry.storage.tables import metadata, shared
from registry.usecases.apply_list import APPLY
from registry.usecases.preview_list import PREVIEW
from service_kit.service import Service

_RESOURCES = (
    schools, school_counts, lifecycle, transfers, lineage, contacts, authorities, footprints, regimes, calendars,
    people, roles, liaisons, allocations, school_lists, code_lists,
)  # fmt: skip

_PUBLISHES = (
    events.SchoolRegistered, events.SchoolDetailsChanged, events.SchoolOpened, events.SchoolClosed,
    events.SchoolAmalgamated, events.ContactChanged, events.ListApplied, events.AuthorityRegistered,
    events.FootprintMembershipChanged, events.RegimeAdopted, events.CalendarPublished, events.PersonRegistered,
    events.PersonDetailsChanged, events.RoleAssigned, events.RoleEnded, events.AdviserAllocated,
    events.AdviserAllocationEnded, events.LiaisonDesignated, registry_transfers.SchoolRekeyed,
    registry_transfers.SchoolTransferred, registry_transfers.TransferRecorded, registry_transfers.PersonMoved,
)  # fmt: skip

service = Service(
    name="registry",
    title=Text("Register", "Cofrestr"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[resource.router for resource in _RESOURCES],
    publishes=_PUBLISHES,
    jobs=[PREVIEW, APPLY],
    memberships=memberships_of,
)
