"""Files of events are UTF-8. One in a wide encoding, as spreadsheets and Windows tools save it, has no line that could be read: it is named as a whole."""

from pathlib import Path

from schemas.misread import SIGN_BYTES_MAX, wide_encoding
from services.ledger.errors import Declined


def check_is_utf8(path: Path) -> None:
    """Look how a file begins.

    Raises:
        Declined: It is in UTF-16 or UTF-32.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        wide = wide_encoding(file.read(SIGN_BYTES_MAX))
    if wide is not None:
        raise Declined(f"{path} is in {wide}, events are in UTF-8: save it so, or `iconv -f {wide} -t UTF-8 {path.name} > FILE`")
