"""Events with something wrong in them: extreme values, and what happens to bytes.

In: events as bytes. Out: the same as a tree whose every place can be changed (`parsed`), and back (`text_of`), also where it is no JSON any more.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.contract.examples import PARTITIONS, RECEIVED_MS

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Sent:
    """A record as a hostile sender writes it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = RECEIVED_MS


class Raw(str):
    """What stands in the document as it is: a number with all its digits, or no JSON at all."""


class Object(list[Any]):
    """A JSON object as pairs, so that a name may stand twice."""


def nested(opening: str, closing: str, levels: int) -> Raw:
    """A document so many levels deep."""
    return Raw(opening * levels + "0" + closing * levels)


NUMBERS = [
    "NaN", "Infinity", "-Infinity", "1e30", "-0", "-0.0", "0", "-1", "1.0", "1e2", "0.005", "1e-30", "1e400", "1e-400", "1" + "0" * 400,
    "0." + "3" * 5000, "1e9999999999999999999", "1e-9999999999999999999", "9007199254740993", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "99999999999999999999", "-99999999999999999999", "9999999999.99", "10000000000",
    "2147483648", "true", "null", "01", "+1", "1_000", "0x1F",
]  # fmt: skip
TEXTS = [
    "", " ", "-", "/", "a/b", "a|b", "a\nb", "P1\n", "geheim" * 11, "geheim" * 1_000, "9999-12-31", "0001-01-01", "10000-01-01", "2100-12-31",
    "1900-01-01", "1899-12-31", "2025-02-30", "2025-2-3", "\u0662025-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "2025-02-29T00:00:00Z",
    "10000-01-01T00:00:00Z", "2025-06-30T23:59:60+08:00", "2025-01-01T00:00:00." + "1" * 50 + "Z", "NaN", "1e30", "１２３４", "0.001", "-12.00",
    "99999999999.00", "\0geheim", "\u202egeheim", "e" + "\u0301" * 100, "\ufeffgeheim", "\u2028", "王小明", "suzhou", "wuxi", "changchun",
    "lianyungang", "/agencies//civil-affairs", "/hospitals/", "extreme_poverty", "inpatient", "outpatient", "employee", "package", "fraud", "death",
]  # fmt: skip
STRUCTURES = [
    Raw("[]"), Raw("{}"), Raw('[""]'), Raw("[null]"), nested("[", "]", 60), nested("[", "]", 65), nested('{"geheim":', "}", 10_000),
    nested("[", "]", 100_000), Raw("[" * 10_000), Raw('"\\ud800"'), Raw('"\\udc00\\ud800"'), Raw('"geheim'), Raw('"' + "x" * 300_000 + '"'),
]  # fmt: skip
EXTREMES: list[Any] = [*map(Raw, NUMBERS), *TEXTS, *STRUCTURES]
NAMES = ["geheim", "", "person_id", "id", "data", "type", "specversion", "data_base64", "region", "revision", "x" * 70, "a.b", "__class__"]

_ID = re.compile(rb'"(id|claim_id|admission_id)"\s*:\s*"([^"]*[0-9][^"]*)"')

Bytes = Callable[[bytes, int], bytes]
DAMAGES: list[Bytes] = [
    lambda value, at: value[:at],
    lambda value, at: value[at:],
    lambda value, at: value[:at] + bytes([value[at] ^ 0x80]) + value[at + 1 :] if at < len(value) else value,
    lambda value, at: value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] if at < len(value) else value,
    lambda value, at: value[:at] + b"\0" + value[at:],
    lambda value, at: value[:at] + b"\xed\xa0\x80" + value[at:],
    lambda value, at: b"\xef\xbb\xbf" + value,
    lambda value, at: value + value,
    lambda value, at: value.decode(errors="replace").encode("utf-16"),
    lambda value, at: value.decode(errors="replace").replace("region", "地区", at % 2).encode("gb18030"),
    lambda value, at: value.ljust(256 * 1024 + at % 3 - 1),
]
"""What happens to the bytes of a document, at some place in it."""


def text_of(node: Any) -> str:
    """The document as JSON, or what is left of it."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, Object):
        return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{text_of(value)}" for name, value in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(text_of, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def put(inside: list[Any], at: int, value: Any) -> None:
    inside[at] = (inside[at][0], value) if isinstance(inside, Object) else value


def places_in(node: Any) -> list[tuple[list[Any], int]]:
    """Every place in the document where a value stands."""
    if not isinstance(node, list):
        return []
    inner = [value[1] for value in node] if isinstance(node, Object) else list(node)
    return [(node, at) for at in range(len(node))] + [place for value in inner for place in places_in(value)]


def spoiled_fields(topic: str, value: bytes) -> Iterator[Sent]:
    """The event `value` with each extreme value in the place of each of its fields, one at a time, each under ids of its own."""
    for number in count():
        document = parsed(renamed(value, number))
        places = places_in(document)
        at, extreme = divmod(number, len(EXTREMES))
        if at == len(places):
            return
        put(*places[at], EXTREMES[extreme])
        yield Sent(topic, number % PARTITIONS, None, text_of(document).encode(errors="surrogatepass"))


def parsed(value: bytes) -> Any:
    return json.loads(value, object_pairs_hook=Object, parse_int=Raw, parse_float=Raw, parse_constant=Raw)


def renamed(value: bytes, number: int) -> bytes:
    """The event under another id, so that it does not pass for one sent before."""
    ids = {found[2] for found in _ID.finditer(value)}
    for known in ids:
        if not any(other != known and other in known for other in ids):
            value = value.replace(known, b"%s.%d" % (known, number))
    return value
