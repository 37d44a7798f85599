"""The index of a service: everything that differs from one service to the next, on one page of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import MetaData

from contracts.event import Event
from contracts.text import Text
from eventing.reactions import Reaction, topic_of, topics_of
from eventing.sequencer import LogTables
from service_kit.clock_tasks import ClockTask
from service_kit.documents.kinds import Documents
from service_kit.foundation import Foundation
from service_kit.jobs import JobKind
from service_kit.migrations.heads import version_folders
from service_kit.policy.memberships import MembershipSource
from service_kit.projections import Projection
from service_kit.routing import Router
from service_kit.settings import Settings


@dataclass(frozen=True)
class Service:
    """What a service is: its name, its ways in (routers, reactions, jobs) and its ways out (events, logs).

    `package` is the folder of the service's package: its migrations and its `problems.toml` lie there. `metadata` and
    `foundation` are None for a service that keeps no data. `logs` are further logs that its relay sequences.
    `projections` are what its reactions keep from events alone, so that it can be rebuilt from them.
    `listens_to` names topics beyond those that its reactions name by their events. `prompt`: somebody waits for what
    it hears, so it takes each event as it comes; otherwise a broker gathers some for up to a tenth of a second.
    `settled_tasks` gives further clock tasks, which turn on a process's settings.
    `install` is called with the finished application, for what is no route of a resource (the gateway's pass-through
    and its pages).
    """

    name: str
    title: Text
    package: Path
    metadata: MetaData | None = None
    foundation: Foundation | None = None
    routers: Sequence[Router] = ()
    reactions: Sequence[Reaction] = ()
    projections: Sequence[Projection] = ()
    publishes: Sequence[type[Event]] = ()
    jobs: Sequence[JobKind] = ()
    clock_tasks: Sequence[ClockTask] = ()
    settled_tasks: Callable[[Settings], Sequence[ClockTask]] | None = None
    logs: Sequence[LogTables] = ()
    memberships: MembershipSource | None = None
    documents: Documents | None = None
    listens_to: Sequence[str] = ()
    prompt: bool = False
    install: Callable[[FastAPI], None] | None = None

    @property
    def version_folders(self) -> tuple[Path, ...]:
        """Where the versions of its database's schema lie."""
        return version_folders(self.package)

    @property
    def topic(self) -> str:
        """The topic of the events that it publishes."""
        return topic_of(self.name)

    @property
    def hears(self) -> tuple[str, ...]:
        """The topics that its consumer subscribes to."""
        return tuple(sorted(topics_of(self.reactions) | set(self.listens_to)))
