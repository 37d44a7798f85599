"""What a service says of the records that bear documents: who reads them, who writes them, which are still open."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Select

from contracts.data_class import DataClass
from contracts.document_facts import DocumentFacts
from contracts.text import Text
from service_kit.documents.tables import DocumentTables

if TYPE_CHECKING:
    from service_kit.call import RequestCall
    from service_kit.unit_of_work import UnitOfWork

Ids: TypeAlias = Select[Any]
"""A select of the ids of records, in one column."""


@dataclass(frozen=True)
class Access:
    """What one caller may do with the records of one kind, as known now.

    `readable`: the records of which the caller may read files of these classes. `writable`: those that it may write,
    whatever their state. `open`: those whose files may still be added and removed, whoever asks. `facts`: `id,
    authority, school_number, body_id, data_class` of every record, the last one being the least open class that a
    file of it must have.
    """

    readable: Sequence[tuple[frozenset[DataClass], Ids]]
    writable: Ids
    open: Ids
    facts: Select[Any]


AccessOf = Callable[["RequestCall", "UnitOfWork"], Awaitable[Mapping[str, Access]]]
"""What the caller may do, by kind of record: asked once per request, in its transaction."""


@dataclass(frozen=True)
class DocumentKind:
    """A kind of record that bears documents; `plural` is its resource's path below `/v1`."""

    name: str
    plural: str
    title: Text


@dataclass(frozen=True)
class DocumentEvents:
    """The service's own event classes."""

    added: type[DocumentFacts]
    released: type[DocumentFacts]
    refused: type[DocumentFacts]
    attached: type[DocumentFacts]
    removed: type[DocumentFacts]


@dataclass(frozen=True)
class Documents:
    """A service's documents: tables, kinds of bearing records, whose rights decide, events."""

    tables: DocumentTables
    kinds: Sequence[DocumentKind]
    access: AccessOf
    events: DocumentEvents
