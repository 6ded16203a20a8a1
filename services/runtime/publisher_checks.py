"""What a file of publishers must not say as a whole, found in its data as it stands, whatever else is wrong with it.

A name, source, user, key or certificate belongs to one publisher alone; topics, types, sources and regions must be known and fit each other.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS, OPERATOR_EVENTS
from schemas.documents import SENDERS
from schemas.own_codes import NO_REGION, Regions
from schemas.topics import load_topics, types_on
from schemas.tree import Path, Tree

Fault = tuple[Path, str]

FORMS: Final[Mapping[str, str]] = {
    IDENTITY_EVENTS: "/agencies/<region>/<agency>",
    ADMISSIONS: "/hospitals/<hospital_id>",
    CLAIMS: "/hospitals/<hospital_id>",
    OPERATOR_EVENTS: "/operators/<name>",
}
"""What the `source` of an event looks like, by topic, in words; exactly, it is schemas' `SENDERS`."""

ITS_OWN: Final = ("name", "sources", "kafka_user", "key_sha256", "certificate")
"""What no two publishers share."""

LISTS: Final = ("sources", "topics", "types", "regions", "key_sha256", "rights")


def outside_topics() -> Sequence[str]:
    """The topics that others than our services write."""
    ours = {topic.owner for topic in load_topics().values()}
    return [name for name, topic in load_topics().items() if not ours.issuperset(topic.writers)]


def faults_of(tree: Tree, regions: Collection[str], users: Collection[str] = (), own: Regions = NO_REGION) -> Iterator[Fault]:
    """Each place and what was expected there; `regions` are the cities that have a policy, `users` our services at Kafka, `own` what cities declare."""
    listed = tree.data.get("publishers")
    entries = [(("publishers", place), entry) for place, entry in enumerate(listed)] if isinstance(listed, list) else []
    seen: dict[tuple[str, str], Path] = {}
    for at, entry in entries:
        if isinstance(entry, dict):
            yield from _twice(tree, at, entry, seen)
            yield from _topics(at, entry)
            yield from _sources(at, entry, regions, own)
            for path, user in _texts(at, entry, "kafka_user"):
                if user in users:
                    yield path, "a user of its own: a service of ours is called so"
            for path, region in _texts(at, entry, "regions"):
                if region not in regions:
                    yield path, f"a city that has a policy: {', '.join(sorted(regions))}"


def _texts(at: Path, entry: Mapping[str, Any], key: str) -> list[tuple[Path, str]]:
    """The texts under `key`, one or a list, with their places."""
    value = entry.get(key)
    if isinstance(value, str):
        return [((*at, key), value)]
    items = enumerate(value) if isinstance(value, list) else ()
    return [((*at, key, place), item) for place, item in items if isinstance(item, str)]


def _twice(tree: Tree, at: Path, entry: Mapping[str, Any], seen: dict[tuple[str, str], Path]) -> Iterator[Fault]:
    """What was said before: by anybody of what is somebody's own, else in the same list."""
    for key in dict.fromkeys((*ITS_OWN, *LISTS)):
        known = seen if key in ITS_OWN else {}
        for path, text in _texts(at, entry, key):
            same = (key, re.sub(r", +", ",", text) if key == "certificate" else text.lower() if key == "key_sha256" else text)
            if same in known:
                yield path, f"not again what stands in line {tree.line(known[same])}"
            known.setdefault(same, path)


def _topics(at: Path, entry: Mapping[str, Any]) -> Iterator[Fault]:
    """Topics that others may write, and types of them."""
    outside = outside_topics()
    named = _texts(at, entry, "topics")
    for path, topic in named:
        if topic.startswith("in."):
            yield path, "no topic of a publisher's own: the intake, which carries its records on, is not in this version"
        elif topic not in outside:
            yield path, f"a topic that is written from outside: {', '.join(outside)}"
    known = [(path, topic) for path, topic in named if topic in outside]
    types = _texts(at, entry, "types") if known else []
    strange = [path for path, kind in types if not any(kind in types_on(topic) for _, topic in known)]
    for path in strange:
        yield path, f"a type of its topics: {', '.join(kind for _, topic in known for kind in types_on(topic))}"
    for path, topic in known:
        if types and not strange and not {kind for _, kind in types}.intersection(types_on(topic)):
            yield path, "a topic of which it has a type under types"


def _sources(at: Path, entry: Mapping[str, Any], regions: Collection[str], declared: Regions) -> Iterator[Fault]:
    """Sources as they speak on its topics, and a source for each topic."""
    topics = [(path, topic) for path, topic in _texts(at, entry, "topics") if topic in FORMS]
    sources = _texts(at, entry, "sources") if topics else []
    own = {region for _, region in _texts(at, entry, "regions")} or set(regions)
    strange = [path for path, source in sources if not any(_speaks(source, topic, declared) for _, topic in topics)]
    for path, source in sources:
        if path in strange:
            yield path, f"a source that speaks on its topics: {' or '.join(dict.fromkeys(FORMS[topic] for _, topic in topics))}"
        elif source.startswith("/agencies/") and source.split("/")[2] not in own:
            yield path, f"an agency of its regions: {', '.join(sorted(own))}"
    for path, topic in topics:
        if sources and not strange and not any(_speaks(source, topic, declared) for _, source in sources):
            yield path, f"a topic on which one of its sources speaks: {FORMS[topic]}"


def _speaks(source: str, topic: str, declared: Regions) -> bool:
    if re.fullmatch(SENDERS[topic], source):
        return source.isprintable()
    return topic == IDENTITY_EVENTS and any(
        source == f"/agencies/{region}/{name}" for region, own in declared.items() for name in own.agencies
    )
