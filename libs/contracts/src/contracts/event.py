"""The base of every event: a fact that one service publishes and any other may react to.

An event class is declared once, here in `contracts`, with its docstring and an example; it cannot be published
unless it is registered, and only by the service that it names.
"""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from contracts.data_class import DataClass
from contracts.docstrings import describe
from contracts.identifiers import AuthorityCode, SchoolNumber

TYPE_PREFIX: Final = "cymru.gwella"


class Change(StrEnum):
    """What an event means for somebody who keeps a copy of the aggregate."""

    upsert = "upsert"
    delete = "delete"
    rekey = "rekey"
    left_scope = "left_scope"
    """The feed says so of a record that moved to where the reader may not follow: forget it."""
    entered_scope = "entered_scope"
    """The feed says so of a record that the reader may read from now on."""


class Event(BaseModel):
    """A fact about one aggregate.

    Carries the new values of all public and internal fields of its aggregate; personal and confidential fields are
    named in `changed`, never carried. An id or number that not every reader of the record may know has a class of its
    own (`field_classes`). Reading ignores fields that it does not know, so that a newer publisher may
    add optional fields inside a version.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    PUBLISHER: ClassVar[str]
    AGGREGATE: ClassVar[str]
    CHANGE: ClassVar[Change]
    DATA_CLASS: ClassVar[DataClass]
    EXAMPLE: ClassVar[dict[str, Any]]

    authority: AuthorityCode | None = None
    """Code of the local authority to which the aggregate belonged as of this event."""
    school: SchoolNumber | None = None
    """Number of the school that the event is about, as of this event."""
    valid_from: date | None = None
    """First day on which the new values hold; null: unknown, or since always."""
    valid_to: date | None = None
    """First day on which they no longer hold; null: open."""
    changed: tuple[str, ...] = Field(default=())
    """Names of the fields that changed, also of those whose values are not carried."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """As pydantic makes it, each field with its docstring."""
        described = handler(schema)
        target = handler.resolve_ref_schema(described)
        describe(cls, target)
        for name, data_class in cls.field_classes().items():
            target["properties"][name]["x-data-class"] = data_class.value
        return described

    @classmethod
    def field_classes(cls) -> Mapping[str, DataClass]:
        """The fields with a class of their own, declared as `Annotated[..., DataClass.confidential]`.

        Services carry them to each other; the change feed leaves them out for whoever may not see that class of the
        record, as a read does.
        """
        marked = (
            (name, [one for one in field.metadata if isinstance(one, DataClass)])
            for name, field in cls.model_fields.items()
        )
        return {name: classes[0] for name, classes in marked if classes}

    def classed(self) -> DataClass:
        """The data class of this very event: that of its type, unless its facts ask for a higher one."""
        return self.DATA_CLASS


class Moved(Event):
    """A record that went to another authority with its school, with its facts as they are from now on.

    `authority` and `school` are those to which it belongs now. Nothing else changed. In the change feed such an entry
    is `left_scope` to who may read the record no longer, and `entered_scope` to who may read it from now on.
    """

    from_authority: AuthorityCode | None = None
    """Code of the authority to which it belonged before; null: that did not change."""
    from_school: SchoolNumber | None = None
    """Number under which the school was known before; null: that did not change."""


EVENTS: Final[dict[str, type[Event]]] = {}
"""Every event class by its type; filled by the decorator below as `contracts.events` is imported."""


class UnregisteredEventError(ValueError):
    """An event that is in nobody's contract, or in another service's: it is never written."""


def ensure_registered(cls: type[Event]) -> None:
    """Raises UnregisteredEventError for a class that was not declared with `@event`.

    A subclass of a declared class is another class: it would travel under a type whose schema does not know its fields.
    """
    declared = EVENTS.get(getattr(cls, "TYPE", ""))
    if declared is cls:
        return
    what = f", only {declared.__qualname__} is, as {declared.TYPE}" if declared else ""
    raise UnregisteredEventError(f"{cls.__qualname__} is no registered event{what}")


def ensure_publishable(cls: type[Event], publisher: str) -> None:
    """Raises UnregisteredEventError also for an event that another service publishes."""
    ensure_registered(cls)
    if publisher != cls.PUBLISHER:
        raise UnregisteredEventError(f"{cls.TYPE} is an event of {cls.PUBLISHER}, not of {publisher}")


E = TypeVar("E", bound=Event)


def event(
    *,
    publisher: str,
    aggregate: str,
    happened: str,
    version: int = 1,
    change: Change = Change.upsert,
    data_class: DataClass = DataClass.internal,
) -> Callable[[type[E]], type[E]]:
    """Registers an event class; `happened` is a past-tense verb. Raises ValueError for a type declared twice."""

    def register(cls: type[E]) -> type[E]:
        cls.TYPE = f"{TYPE_PREFIX}.{publisher}.{aggregate}.{happened}.v{version}"
        cls.PUBLISHER, cls.AGGREGATE, cls.CHANGE, cls.DATA_CLASS = publisher, aggregate, change, data_class
        declared = EVENTS.get(cls.TYPE, cls)
        if (declared.__module__, declared.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"event type declared twice: {cls.TYPE}")
        if not cls.__doc__ or "EXAMPLE" not in cls.__dict__:
            raise ValueError(f"{cls.__qualname__} needs a docstring and an EXAMPLE")
        EVENTS[cls.TYPE] = cls
        return cls

    return register
