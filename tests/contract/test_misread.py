"""What is no JSON is called by its name, and the place at which it breaks is told; never a character of what it says."""

import pytest

from schemas.catalogue import CLAIMS
from schemas.misread import expected_json
from schemas.refusal import Refused
from tests.contract.reading import CLAIM, altered, read

GOOD = altered(CLAIM, subject="中文")
PREFIX = b"\0\0\0\1\x2c"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "tombstone"), (b"", "the value is empty"), (b" \n\t", "the value is empty"),
        (b"\xef\xbb\xbf" + GOOD, "byte-order mark"), (GOOD.decode().encode("utf-16"), "UTF-16"), (GOOD.decode().encode("utf-16-le"), "UTF-16"),
        (GOOD.decode().encode("utf-16-be"), "UTF-16"), (GOOD.decode().encode("utf-32"), "UTF-32"), (GOOD.decode().encode("utf-32-be"), "UTF-32"),
        (GOOD.decode().encode("gbk"), "GBK"), (GOOD.decode().encode("gb18030"), "GBK"), (b'{"a":"\xff"}', "byte 7 is none of UTF-8"),
        (PREFIX + GOOD, "schema registry's prefix"), (b"\0\0\0\0\7\2avro", "schema registry's prefix"),
        (GOOD[:-1], "ends too early"), (b'{"a', "ends too early, at line 1, column 4 (byte 4)"), (b'{"a":1,\n "b":tru}', "line 2, column 6 (byte 14)"),
        ('{"名":x}'.encode(), "line 1, column 6 (byte 8)"), (GOOD + GOOD, f"column {len(GOOD.decode()) + 1} (byte {len(GOOD) + 1})"),
        (b'{"NaN":"Infinity","a":[1,-Infinity]}', "no number of JSON stands at line 1, column 26"), (b'{"a":"\t"}', "column 7"),
    ],
)  # fmt: skip
def test_it_is_named(value: bytes | None, words: str) -> None:
    with pytest.raises(Refused) as caught:
        read(CLAIMS, value)
    assert (caught.value.reason, caught.value.field) == ("malformed_json", "$")
    assert words in str(caught.value)


def test_gbk_is_not_guessed_where_it_cannot_be() -> None:
    assert "GBK" not in expected_json(b'{"a":"\xff"}')


@pytest.mark.parametrize("number", [123, 31_488, 2**31 - 1])
def test_a_schemas_number_is_not_taken_for_an_encoding(number: int) -> None:
    """123 is an opening brace."""
    assert "registry" in expected_json(b"\0" + number.to_bytes(4, "big") + GOOD)
