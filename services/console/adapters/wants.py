"""The documents that events touch: at first what they name, then the oldest entries of the indexes in which the warnings they move may stand."""

from collections import Counter
from collections.abc import Iterable, Mapping

from services.console.domain import places
from services.console.domain.claims import Told
from services.console.domain.desk import value_in
from services.console.domain.records import AuditTold, LetterTold, NotUnderstood, TimelineTold, Waits
from services.console.domain.seen import Seen
from services.console.domain.warnings import Acted, Said, indexes_of
from services.runtime.records import Document

Wanted = dict[str, tuple[str, ...] | None]


class _Wants:
    """Documents with the fields wanted; None for all of them."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, None] | None] = {}

    def fields(self, key: str, *names: str) -> None:
        """Some fields, besides those wanted before."""
        known = self._fields.setdefault(key, {})
        if known is not None:
            known.update(dict.fromkeys(names))

    def whole(self, key: str) -> None:
        """All of them."""
        self._fields[key] = None

    def done(self) -> Wanted:
        """What is wanted."""
        return {key: None if names is None else tuple(names) for key, names in self._fields.items()}


def first(events: Iterable[Seen]) -> Wanted:
    """The documents that events name."""
    wants = _Wants()
    for seen in events:
        wants.fields(places.last(seen.lane), seen.topic)
        wants.fields(places.ring(seen.lane, "not_understood"), "count")  # whatever it is, a mistake of ours may meet it
        match seen.data:
            case Told() as told:
                _claim(wants, seen.lane, told)
            case TimelineTold() as timeline:
                wants.fields(places.person(seen.lane, timeline.person_id), "t")
            case Said() | Acted() as about:
                subject = places.subject(seen.lane, about.kind, about.subject)
                wants.fields(subject, *(f"{kind}:{about.warning_id}" for kind in "wase"))
                heads = places.heads(seen.lane, about.region)
                wants.fields(heads, f"audience:{about.kind}", *indexes_of(about.region, about.year, about.kind))
                wants.fields(places.ring(seen.lane, "warnings" if isinstance(about, Said) else "actions"), "count")
            case Waits() as waits:
                wants.fields(places.person(seen.lane, waits.person_id), waits.field, f"c:{waits.key}")
                wants.fields(places.heads(seen.lane, places.WAITING), places.WAITING)
            case LetterTold() as letter:
                name = f"{letter.topic}|{letter.reason}"
                wants.fields(places.letters(seen.lane), name)
                wants.fields(places.ring(seen.lane, name), "count")
            case AuditTold() as audit:
                wants.fields(places.ring(seen.lane, "audit"), "count")
                if audit.letter is not None:
                    wants.fields(places.mending(seen.lane, audit.letter), "told")
            case NotUnderstood():
                pass
    return wants.done()


def _claim(wants: _Wants, lane: int, told: Told) -> None:
    claim = told.claim
    person = places.person(lane, told.person_id)
    wants.fields(person, f"c:{told.key}", f"y:{claim.region}/{claim.year}")
    wants.whole(places.year(lane, claim.region, claim.year))
    wants.fields(places.hospitals(lane, claim.region, claim.year), told.key.partition("/")[0])
    wants.fields(places.last(lane), "form", f"years:{claim.region}", f"districts:{claim.region}/{claim.year}")
    if claim.is_reversed:
        wants.fields(person, f"r:{claim.region}/{told.key}")
        wants.fields(places.heads(lane, places.WAITING), places.WAITING)


def more(events: Iterable[Seen], documents: Mapping[str, Document]) -> Wanted | None:
    """The oldest entries of every index from which one may be taken: as many as events could take, for each takes one at most."""
    takes: Counter[tuple[str, str]] = Counter()
    for seen in events:
        match seen.data:
            case Said() | Acted() as about:
                heads = places.heads(seen.lane, about.region)
                for name in indexes_of(about.region, about.year, about.kind):
                    takes[heads, name] += 1
            case Waits():
                takes[places.heads(seen.lane, places.WAITING), places.WAITING] += 1
            case Told() as told if told.claim.is_reversed:
                takes[places.heads(seen.lane, places.WAITING), places.WAITING] += 1
            case _:
                pass
    wants = _Wants()
    for (heads, name), count in takes.items():
        lane = int(heads.partition("/")[0])
        ends = documents[heads].get(name)
        start, following = value_in(ends) if ends else (0, 0)
        wants.fields(places.index(lane, name), *(str(slot) for slot in range(start, min(start + count, following))))
    return wants.done() or None
