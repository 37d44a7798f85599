"""Files attached to records: evidence, papers, appendices, minutes.

    documents = document_tables(metadata, {"visit": visits})                        # in storage/documents.py
    DOCUMENTS = Documents(documents, [DocumentKind("visit", ...)], access, EVENTS)  # in api/documents.py
    service = Service(..., documents=DOCUMENTS)                                     # in service.py

`create_app` then adds `POST /v1/visits/{id}/documents` and `/v1/documents`; the worker scans what is in quarantine and
deletes the bytes that no document holds. Who may read a file is asked of the records that bear it, as they stand now.
"""

from service_kit.documents.kinds import Access, DocumentEvents, DocumentKind, Documents

__all__ = ["Access", "DocumentEvents", "DocumentKind", "Documents"]
