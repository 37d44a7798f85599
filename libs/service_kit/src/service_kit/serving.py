"""What one process serves requests with: made once by `create_app`, held in `app.state.serving`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Table

from eventing.bell import Bell
from service_kit.audit.reads import ReadAudit
from service_kit.auth.principal import Principal
from service_kit.clock import Clock
from service_kit.database import Database
from service_kit.exports import ExportSlots
from service_kit.foundation import Foundation
from service_kit.journal import Journal
from service_kit.paging import Cursors
from service_kit.policy.memberships import MembershipSource
from service_kit.policy.roles import Roles
from service_kit.problems import Catalogue
from service_kit.settings import Settings

if TYPE_CHECKING:
    from service_kit.documents.serving import DocumentServing

Authenticate = Callable[[str | None], Awaitable[Principal]]
"""From the Authorization header to the caller; raises 401 `token_missing`, `token_invalid` or `token_expired`."""


@dataclass(frozen=True)
class Serving:
    """The parts that a request needs. `database`, `foundation` and `journal` are None for a service without data."""

    service: str
    settings: Settings
    catalogue: Catalogue
    clock: Clock
    roles: Roles
    authenticate: Authenticate
    cursors: Cursors
    database: Database | None = None
    foundation: Foundation | None = None
    journal: Journal | None = None
    memberships: MembershipSource | None = None
    moved_schools: Table | None = None
    """Which school number went to which, where the service keeps records of schools (`moving`)."""
    read_audit: ReadAudit | None = None
    documents: "DocumentServing | None" = None
    exports: ExportSlots = field(default_factory=ExportSlots)
    package: Path | None = None
    """The service's own: its dictionary has the words for its fields."""
    bells: Mapping[str, Bell] = field(default_factory=dict)
    """By the name of a log that this very process sequences: rings when the log has grown."""
