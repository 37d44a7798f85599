"""Code lists of documents: files attached to records."""

from contracts.code_list import CodeList
from contracts.code_list import code_list as _list

DOCUMENT_STATES = _list(
    "document_states", "States of a document", "Cyflyrau dogfen",
    ("quarantined", "In quarantine, not scanned yet", "Mewn cwarantîn, heb ei sganio eto"),
    ("available", "Available", "Ar gael"),
    ("refused", "Refused by the scanner", "Wedi'i gwrthod gan y sganiwr"),
    ("removed", "Removed", "Wedi'i thynnu"),
)  # fmt: skip

DOCUMENT_LANGUAGES = _list(
    "document_languages", "Languages of a document", "Ieithoedd dogfen",
    ("en", "English", "Saesneg"),
    ("cy", "Welsh", "Cymraeg"),
    ("both", "Both languages", "Y ddwy iaith"),
)  # fmt: skip

DOCUMENT_CODE_LISTS: tuple[CodeList, ...] = (DOCUMENT_STATES, DOCUMENT_LANGUAGES)
