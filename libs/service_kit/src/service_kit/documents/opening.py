"""From settings to the store and the scanner of a process."""

from urllib.parse import urlsplit

from service_kit.documents.scanning import Clamd, Scanner
from service_kit.documents.store import FolderStore, ObjectStore
from service_kit.settings import Settings


def store_of(settings: Settings, service: str) -> ObjectStore | None:
    """The store of one service's files; None where none is configured: then no file can be added.

    Raises ValueError for an address that is not understood.
    """
    if settings.document_store is not None:
        address = urlsplit(settings.document_store)
        if address.scheme != "s3" or not address.netloc:
            raise ValueError("GWELLA_DOCUMENT_STORE is no address like s3://bucket/prefix")
        from service_kit.documents.s3_store import s3_store  # its client is loaded only where it is used

        prefix = "/".join(part for part in (address.path.strip("/"), service) if part)
        return s3_store(settings, address.netloc, prefix)
    if settings.data_dir is not None:
        return FolderStore(settings.data_dir / "documents" / service)
    return None


def scanner_of(settings: Settings) -> Scanner | None:
    """The scanner that files must pass; None where they need not. Raises ValueError."""
    if settings.document_scanner is None:
        return None
    address = urlsplit(settings.document_scanner)
    if address.scheme != "clamd" or address.hostname is None:
        raise ValueError("GWELLA_DOCUMENT_SCANNER is no address like clamd://host:3310")
    return Clamd(address.hostname, address.port or 3310)
