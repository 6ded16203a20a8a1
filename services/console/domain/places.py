"""The names of the console's documents. The first part is the lane that alone writes them, so that what a lane knows is never another's.

- `<lane>/p/<person>`: `t` the timeline, `y:<region>/<year>` a year, `c:<hospital>/<claim>` a claim, `r:<region>/<hospital>/<claim>` where a waiting
  reversal stands; of each warning `w:<id>` what was said last, `a:<id>` what operators did last, `e:<id>` what they did with its present episode, `s:<id>`
  where it stands. `<lane>/h/<hospital>`: a hospital's.
- `<lane>/a/<region>/<year>`: sums of a year: `m:<month>/<category>`, `r:<reason>`, `d:<district>`, `p`. `<lane>/b/<region>/<year>`: a field a hospital.
- `<lane>/i/<index>`: an index, a field a slot; `<lane>/n/<region>`: where the indexes of warnings begin and end; `<lane>/n/waiting`: that of reversals.
- `<lane>/m/<letter>`: what was proposed to be sent in a dead letter's place, and what was sent.
- `<lane>/x`: counts of dead letters. `<lane>/k/<ring>`: the newest of something, a field a slot. `<lane>/l`: what was read last of each topic, the
  ledger's form, `years:<region>` and `districts:<region>/<year>` that there are.
"""

HOSPITAL_KINDS = frozenset({"hospital_self_pay_ratio"})
"""Kinds of warnings whose subject is a hospital."""


def person(lane: int, person_id: str) -> str:
    """A person's document."""
    return f"{lane}/p/{person_id}"


def subject(lane: int, kind: str, subject_id: str) -> str:
    """The document of a warning's subject."""
    return f"{lane}/h/{subject_id}" if kind in HOSPITAL_KINDS else person(lane, subject_id)


def year(lane: int, region: str, number: int) -> str:
    """The sums of a region's year."""
    return f"{lane}/a/{region}/{number}"


def hospitals(lane: int, region: str, number: int) -> str:
    """The hospitals of a region's year."""
    return f"{lane}/b/{region}/{number}"


def index(lane: int, name: str) -> str:
    """An index."""
    return f"{lane}/i/{name}"


def heads(lane: int, region: str) -> str:
    """Where the indexes of a region's warnings begin and end; of `waiting` that of the waiting reversals."""
    return f"{lane}/n/{region}"


def letters(lane: int) -> str:
    """The counts of dead letters."""
    return f"{lane}/x"


def mending(lane: int, letter_id: str) -> str:
    """What the audit says of sending a dead letter's record again."""
    return f"{lane}/m/{letter_id}"


def ring(lane: int, name: str) -> str:
    """The newest of something."""
    return f"{lane}/k/{name}"


def last(lane: int) -> str:
    """What was read last of each topic, and the ledger's form."""
    return f"{lane}/l"


WAITING = "waiting"
"""The index of reversals that wait for their claim, and the document of its ends."""
