"""Reactions: what a service does when another one's event arrives.

    @reacts_to(SchoolRegistered, SchoolDetailsChanged)
    async def keep_school(event: SchoolFacts, envelope: Envelope, unit: Unit) -> WaitFor | None:
        '''Keeps the copy of a school's public facts.'''

A reaction runs inside the transaction that also takes the event into the inbox: its effect happens exactly once.
It writes through `unit.connection` only, sends nothing to the outside, and may run again after a rollback.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import Event
from eventing.envelope import Envelope


class Unit(Protocol):
    """One transaction, as a reaction sees it; `service_kit`'s UnitOfWork is one."""

    @property
    def connection(self) -> AsyncConnection:
        """The connection of the transaction."""
        ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins a transaction that commits when its block ends and rolls back when it raises."""


@dataclass(frozen=True, slots=True)
class WaitFor:
    """The answer of a reaction that needs an event of another key first; it must have written nothing.

    The event is kept pending and handled again in the transaction that handles an event with this key.
    """

    key: str

    def __post_init__(self) -> None:
        """Raises ValueError for an empty key, which no event has."""
        if not self.key:
            raise ValueError("wait for which key?")


EventReaction = Callable[[Any, Envelope, Any], Awaitable[WaitFor | None]]
BulkReaction = Callable[[Sequence[Envelope], Any], Awaitable[None]]
TogetherReaction = Callable[[Sequence[tuple[Any, Envelope]], Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """A function with the events it reacts to.

    `hears_all` ones get the envelopes of a batch, of any type; `together` ones the handled events that they name.
    """

    name: str
    events: tuple[type[Event], ...]
    function: EventReaction | None = None
    bulk: BulkReaction | None = None
    together: TogetherReaction | None = None

    @property
    def hears_all(self) -> bool:
        """Whether it is called once a batch, with every envelope."""
        return self.bulk is not None


_MARK: Final = "__eventing_reaction__"
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def reacts_to(*events: type[Event]) -> Callable[[F], F]:
    """Marks `async def f(event, envelope, unit) -> WaitFor | None` as the reaction to these event classes."""
    if not events:
        raise ValueError("name at least one event class")

    def mark(function: F) -> F:
        setattr(function, _MARK, Reaction(_name(function), events, function=function))
        return function

    return mark


def hears_all(function: F) -> F:
    """Marks `async def f(envelopes, unit) -> None`: called once a batch with what was handled, in order."""
    setattr(function, _MARK, Reaction(_name(function), (), bulk=function))
    return function


def hears_together(*events: type[Event]) -> Callable[[F], F]:
    """Marks `async def f(told, unit) -> None`: called once a batch with the (event, envelope) pairs of these classes.

    They come in order and were handled; it cannot wait for another key.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, Reaction(_name(function), events, together=function))
        return function

    return mark


def reactions_of(*sources: ModuleType | Callable[..., Awaitable[Any]]) -> tuple[Reaction, ...]:
    """The marked functions among these modules and functions, in the order in which they are written."""
    found: list[Reaction] = []
    for source in sources:
        members: Iterable[object] = vars(source).values() if isinstance(source, ModuleType) else [source]
        for member in members:
            reaction = getattr(member, _MARK, None)
            if isinstance(reaction, Reaction) and reaction not in found:
                found.append(reaction)
    return tuple(found)


def topic_of(service: str) -> str:
    """The one topic of a publishing service."""
    return f"{service}.events"


def topics_of(reactions: Sequence[Reaction]) -> frozenset[str]:
    """The topics that these reactions need; those of `hears_all` are the caller's to name."""
    return frozenset(topic_of(event.PUBLISHER) for reaction in reactions for event in reaction.events)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Which functions get an event, by its type."""

    classes: Mapping[str, type[Event]]
    functions: Mapping[str, tuple[EventReaction, ...]]
    bulk: tuple[BulkReaction, ...]
    together: tuple[tuple[frozenset[str], TogetherReaction], ...] = ()

    @classmethod
    def of(cls, reactions: Sequence[Reaction]) -> "Dispatch":
        """The table of all functions, in the order of the reactions."""
        classes: dict[str, type[Event]] = {}
        functions: dict[str, tuple[EventReaction, ...]] = {}
        for reaction in reactions:
            for event in reaction.events:
                classes[event.TYPE] = event
                if reaction.function is not None:
                    functions[event.TYPE] = (*functions.get(event.TYPE, ()), reaction.function)
        together = tuple(
            (frozenset(event.TYPE for event in r.events), r.together)
            for r in reactions
            if r.together is not None
        )
        return cls(classes, functions, tuple(r.bulk for r in reactions if r.bulk is not None), together)

    def concerns(self, event_type: str) -> bool:
        """Whether anything here reacts to this type."""
        return bool(self.bulk) or event_type in self.classes


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
