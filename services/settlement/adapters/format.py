"""The format of settlement's documents. Whoever changes how a field is written, or what it means, raises it (`tests/unit/test_formats.py` says how)."""

from typing import Final

from services.runtime.formats import stamp_of

FORMAT: Final = 2
STAMP: Final = stamp_of(FORMAT)
"""What every field begins with, where the document does not say its format otherwise."""

YES: Final = STAMP + b"1"
"""A field whose name says all."""

FORMAT_OF_YEAR: Final = b"%d" % FORMAT
"""The field `_format` of a year's counters, which stay readable numbers."""
