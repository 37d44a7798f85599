"""The parts that serve documents in one process."""

from dataclasses import dataclass

from service_kit.documents.kinds import Documents
from service_kit.documents.links import LinkKeys
from service_kit.documents.opening import scanner_of, store_of
from service_kit.documents.store import ObjectStore
from service_kit.problems import ProblemError
from service_kit.settings import Settings


@dataclass(frozen=True)
class DocumentServing:
    """`quarantine`: whether files wait for a scanner. `store` is None where none is configured."""

    documents: Documents
    store: ObjectStore | None
    quarantine: bool
    links: LinkKeys

    @classmethod
    def of(cls, documents: Documents, settings: Settings, service: str, secret: bytes) -> "DocumentServing":
        """The parts as the settings say. Raises ValueError for settings that are not understood."""
        quarantine = scanner_of(settings) is not None
        return cls(documents, store_of(settings, service), quarantine, LinkKeys.of(secret))

    @property
    def open_store(self) -> ObjectStore:
        """The store. Raises 503 `document_store_missing` where none is configured."""
        if self.store is None:
            raise ProblemError("document_store_missing")
        return self.store
