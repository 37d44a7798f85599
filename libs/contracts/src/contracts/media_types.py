"""The media types in which answers are given."""

from typing import Final

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
EXPORTS: Final = (NDJSON, CSV, ODS)
"""What every list is given as, whole and streamed, beside its pages."""
