"""Warnings and what operators did with them: the state of each, and the index in which it stands.

State is a function of a warning's newest record and of the actions on its present episode, so that it does not matter which of the two is read first:
`resolved` when its cause is gone, else `closed`, else `acknowledged` (or assigned), else `open`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from schemas.codes import WarningLevel
from services.console.domain import index, places
from services.console.domain.desk import Desk

State = Literal["open", "acknowledged", "closed", "resolved"]
STATES: tuple[State, ...] = get_args(State)
LEVELS: tuple[WarningLevel, ...] = ("critical", "warning", "notice")
"""The worst first."""

ACTIONS_MAX = 100
"""How many of a warning's newest actions are kept at hand; all of them lie on their topic."""

EPISODES_MAX = 8
"""Of how many episodes, the present one and those said later, it is kept what was done; who writes actions on others must not make a document grow."""

Done = Mapping[str, tuple[Sequence[str], str | None]]
"""What operators did, by episode: the verbs, each once, and to whom it was given last."""


@dataclass(frozen=True, slots=True)
class Said:
    """A record about a warning.

    Attributes:
        number: Of the record among those of its warning.
        verb: `raised`, `escalated` or `resolved`.
        measure, threshold: Name and value.
        offset, at_ms: Where and when it was written (milliseconds since 1970).
    """

    warning_id: str
    number: int
    verb: str
    episode: int
    kind: str
    level: str
    region: str
    year: int
    subject: str
    audience: tuple[str, ...]
    measure: tuple[str, str]
    threshold: tuple[str, str]
    time: str
    offset: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Acted:
    """What an operator did with an episode: `acknowledged`, `assigned`, `commented` or `closed`."""

    event_id: str
    warning_id: str
    verb: str
    episode: int
    kind: str
    region: str
    year: int
    subject: str
    operator: str
    assignee: str | None
    comment: str | None
    time: str


def index_name(region: str, year: int, kind: str, level: str, state: str) -> str:
    """The index of warnings that agree in all of these."""
    return f"{region}/{year}/{kind}/{level}/{state}"


def indexes_of(region: str, year: int, kind: str) -> Iterator[str]:
    """Every index in which a warning of this kind may stand."""
    return (index_name(region, year, kind, level, state) for level in LEVELS for state in STATES)


def hear(desk: Desk, lane: int, said: Said) -> None:
    """Take in what monitoring said; what is not newer than what is known changes nothing."""
    document = places.subject(lane, said.kind, said.subject)
    known = desk.get(document, f"w:{said.warning_id}")
    if known is not None and said.number <= known["number"]:
        return
    newest = {
        "number": said.number,
        "verb": said.verb,
        "episode": said.episode,
        "level": said.level,
        "measure": said.measure,
        "threshold": said.threshold,
        "time": said.time,
        "offset": said.offset,
    }
    desk.put(document, f"w:{said.warning_id}", newest)
    heads = places.heads(lane, said.region)
    if desk.get(heads, f"audience:{said.kind}") != list(said.audience):
        desk.put(heads, f"audience:{said.kind}", list(said.audience))
    _keep_done(desk, document, said.warning_id, desk.get(document, f"e:{said.warning_id}") or {})
    told = {"id": said.warning_id, "verb": said.verb, "level": said.level, "time": said.time, "at_ms": said.at_ms}
    index.push(desk, places.ring(lane, "warnings"), told)
    _place(desk, lane, document, said.warning_id)


def act(desk: Desk, lane: int, acted: Acted) -> None:
    """Take in what an operator did; the warning may not be known yet."""
    document = places.subject(lane, acted.kind, acted.subject)
    actions = desk.get(document, f"a:{acted.warning_id}") or []
    if any(known["id"] == acted.event_id for known in actions):
        return
    done = {"id": acted.event_id, "verb": acted.verb, "episode": acted.episode, "operator": acted.operator, "time": acted.time}
    more = {"assignee": acted.assignee, "comment": acted.comment}
    done |= {name: value for name, value in more.items() if value is not None}
    desk.put(document, f"a:{acted.warning_id}", [*actions, done][-ACTIONS_MAX:])
    by_episode = desk.get(document, f"e:{acted.warning_id}") or {}
    verbs, given = by_episode.get(str(acted.episode), ([], None))
    now = sorted({*verbs, acted.verb}), acted.assignee if acted.verb == "assigned" else given
    _keep_done(desk, document, acted.warning_id, {**by_episode, str(acted.episode): now})
    index.push(
        desk,
        places.ring(lane, "actions"),
        {"warning": acted.warning_id, "verb": acted.verb, "operator": acted.operator, "time": acted.time},
    )
    if desk.get(document, f"w:{acted.warning_id}") is not None:
        _place(desk, lane, document, acted.warning_id)


def _keep_done(desk: Desk, document: str, warning_id: str, by_episode: Done) -> None:
    """Keep what was done with the present episode and the next ones: it may have been read before what monitoring said."""
    newest = desk.get(document, f"w:{warning_id}")
    kept = sorted(episode for episode in map(int, by_episode) if newest is None or episode >= newest["episode"])[:EPISODES_MAX]
    desk.put(document, f"e:{warning_id}", {str(episode): by_episode[str(episode)] for episode in kept} or None)


def state_of(newest: Mapping[str, Any], by_episode: Done) -> State:
    """What has become of a warning's present episode."""
    if newest["verb"] == "resolved":
        return "resolved"
    verbs = set(by_episode.get(str(newest["episode"]), ((), None))[0])
    if "closed" in verbs:
        return "closed"
    return "acknowledged" if verbs & {"acknowledged", "assigned"} else "open"


def assignee_of(newest: Mapping[str, Any], by_episode: Done) -> str | None:
    """To whom the present episode was given last; None for nobody."""
    return by_episode.get(str(newest["episode"]), ((), None))[1]


def _place(desk: Desk, lane: int, document: str, warning_id: str) -> None:
    """Put the warning into the index of its state, with the row that a list shows."""
    newest, done = desk.get(document, f"w:{warning_id}"), desk.get(document, f"e:{warning_id}") or {}
    kind, region, _, year, *_ = warning_id.split("/")
    name = index_name(region, int(year), kind, newest["level"], state_of(newest, done))
    row = {
        "id": warning_id,
        "time": newest["time"],
        "measure": newest["measure"],
        "threshold": newest["threshold"],
        "assignee": assignee_of(newest, done),
    }
    heads, pointer = places.heads(lane, region), (document, f"s:{warning_id}")
    stands = desk.get(*pointer)
    if stands is not None and stands[0] == name:
        index.replace(desk, lane, pointer, row)
        return
    if stands is not None:
        index.remove(desk, lane, heads, pointer)
    index.add(desk, lane, heads, name, pointer, row)
