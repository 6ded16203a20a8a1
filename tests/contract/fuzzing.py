"""Hostile records for hypothesis: any bytes, and events of the examples with something wrong.

Out: strategies of `Sent`. Not here: what must hold of what comes of them (`fuzz_verdict.py`).
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.catalogue import TYPES_BY_TOPIC
from schemas.topics import load_topics
from services.runtime import reroute
from services.runtime.records import Record
from tests.contract.examples import PARTITIONS, RECEIVED_MS, accepted, bytes_of, refused
from tests.contract.spoiling import DAMAGES, EXTREMES, NAMES, Headers, Object, Sent, parsed, places_in, put, renamed, text_of

partitions = st.integers(0, PARTITIONS - 1)
keys = st.none() | st.binary(max_size=20) | st.sampled_from([b"P320700-0001", b"\xff", "王".encode(), b"k" * 70_000])
timestamps = st.sampled_from([RECEIVED_MS, 0, -1, -(2**63), 2**63 - 1])
names = st.text(max_size=12) | st.sampled_from(
    ["reply_to", "correlation_id", "content-type", "ce_specversion", "ce_id", "CE_TIME", "ce_data"]
)
values = (
    st.none() | st.binary(max_size=12) | st.sampled_from([b"1.0", b"application/cloudevents+json", "医保".encode("gbk"), b"h" * 40_000])
)
headers = st.lists(st.tuples(names, values), max_size=4).map(tuple)
ORIGIN = [f"medaid-origin-{name}" for name in ("topic", "partition", "offset", "timestamp")]
origins = st.tuples(*(values | st.sampled_from([b"0", b"-1", b"99", b"hospital.claims.v1", b"nowhere.v1"]) for _ in ORIGIN)).map(
    lambda found: tuple(zip(ORIGIN, found, strict=True))
)
"""Where a copy says it comes from, as somebody who is not our lane would write it."""


@st.composite
def any_records(draw: st.DrawFn, topic: str) -> Sent:
    """Whatever Kafka takes for a record."""
    json_like = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(names, inner)
    )
    value = draw(st.none() | st.binary() | st.text().map(str.encode) | json_like.map(lambda found: json.dumps(found).encode()))
    if value and draw(st.integers(0, 19)) == 0:
        value = (value * 270_000)[: draw(st.sampled_from([65_537, 262_144, 262_145, 270_000]))]
    return Sent(topic, draw(partitions), draw(keys), value, draw(_headers_of(topic)), draw(timestamps))


@st.composite
def almost_valid(draw: st.DrawFn, topic: str) -> Sent:
    """An example with up to three things wrong in its document, and then perhaps in its bytes."""
    pool = _examples(topic) if draw(st.integers(0, 7)) else _examples(draw(st.sampled_from(sorted(TYPES_BY_TOPIC))))
    value = draw(st.sampled_from(pool))
    found = draw(_headers_of(topic)) if draw(st.integers(0, 3)) == 0 else ()
    try:
        document = parsed(renamed(value, draw(st.integers(0, 3))))
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, Object) and len(value) < 20_000:
        for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
            _spoil(draw, document)
        if draw(st.integers(0, 9)) == 0:
            document, found = _in_binary_mode(draw, document, found)
        value = text_of(document).encode(errors="surrogatepass")
    if draw(st.integers(0, 2)) == 0:
        value = draw(st.sampled_from(DAMAGES))(value, draw(st.integers(0, min(len(value), 2_000))))
    sent = Sent(topic, draw(partitions), draw(keys), value, found, draw(timestamps))
    return _as_copy(sent, draw(st.integers(0, 9)))


def said_origin(sent: Sent) -> object:
    """Where it says that it comes from; itself where it says nothing. Two that say the same would have dead letters of the same name."""
    said = sent.headers[-len(ORIGIN) :]
    return said if [name for name, _ in said] == ORIGIN else id(sent)


def _spoil(draw: st.DrawFn, document: Object) -> None:
    """One thing wrong at one place."""
    places = [place for place in places_in(document) if place[0]]
    if not places:
        return
    inside, at = draw(st.sampled_from(places))
    value = draw(st.sampled_from(EXTREMES))
    match draw(st.sampled_from(["set", "set", "set", "drop", "add", "double", "rename", "swap"])):
        case "drop":
            del inside[at]
        case "add" if isinstance(inside, Object):
            inside.append((draw(st.sampled_from(NAMES)), value))
        case "double":
            inside.append((inside[at][0], value) if isinstance(inside, Object) else deepcopy(inside[at]))
        case "rename" if isinstance(inside, Object):
            inside[at] = (draw(st.sampled_from(NAMES)), inside[at][1])
        case "swap":
            other, there = draw(st.sampled_from(places))
            put(inside, at, deepcopy(other[there][1] if isinstance(other, Object) else other[there]))
        case _:
            put(inside, at, value)


def _in_binary_mode(draw: st.DrawFn, document: Object, found: Headers) -> tuple[Any, Headers]:
    """The attributes as headers, one of them perhaps in another encoding; the data alone as value."""
    encodings = st.sampled_from(["utf-8", "utf-8", "utf-16", "gb18030"])
    attributes = [(name, text) for name, text in document if isinstance(name, str) and isinstance(text, str) and name != "data"]
    moved = tuple((f"ce_{name}", text.encode(draw(encodings), errors="replace")) for name, text in attributes)
    return dict(document).get("data"), (*found, *moved)


def _as_copy(sent: Sent, dice: int) -> Sent:
    """Now and then what lies in a rerouting topic is a copy as our lanes write it."""
    sources = load_topics()[sent.topic].copies
    if not sources or dice > 6 or any(value is None for _, value in sent.headers):
        return sent
    origin = Record(sources[dice % len(sources)], (sent.partition + 1) % PARTITIONS, dice, sent.key, sent.value, sent.headers, 0)  # type: ignore[arg-type]
    made = reroute.copy(origin, sent.topic, sent.partition)
    return Sent(sent.topic, sent.partition, made.key, made.value, made.headers, sent.timestamp_ms)


def _headers_of(topic: str) -> st.SearchStrategy[Headers]:
    forged = st.tuples(headers, origins).map(lambda pair: (*pair[0], *pair[1]))
    return headers | forged if load_topics()[topic].copies else headers


@cache
def _examples(topic: str) -> Sequence[bytes]:
    """The values of every example that may lie in `topic`: its own, or those of the topics that it copies."""
    topics = {topic, *load_topics()[topic].copies}
    places = [f"{kind}/{name}" for on, kind, name in accepted() if on in topics]
    places += [str(example) for example in refused() if example.topic in topics]
    return [value for place in places for value in bytes_of(place) if len(value) < 300_000]
