"""What a seed draws before anything happens: its own mix of events, sizes, waits and faults."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

PROCESS_FAULTS = ("crash", "freeze", "delay", "take_over")
CALL_FAULTS = ("doubt", "late", "stale")
VIEW_FAULTS = ("lose", "set_back")
SERVER_FAULTS = ("reset", "undecided")
FAULTS = PROCESS_FAULTS + CALL_FAULTS + VIEW_FAULTS + SERVER_FAULTS
"""Each is a method of `tests.simulation.faults.Faults`."""

AIMS = ("commit",) * 4 + ("apply", "mark") * 2 + ("run", "fence", "committed", "ends", "peek", "read", "load", "send", "")
"""Calls at which a seed prefers to do harm, the one that makes money most often."""


THEMES: Mapping[str, Mapping[str, Any]] = {
    "anything": {},
    "handovers": {
        "aim": "apply", "aimed_rate": 300, "rate": 15, "faults_max": 60, "weights": {"delay": 3, "take_over": 4, "freeze": 1},
        "batch_records_max": 2, "latency_ms_max": 200, "session_s": 0.5, "seconds": 20.0,
    },
    "zombies": {
        "aim": "mark", "aimed_rate": 500, "rate": 0, "faults_max": 8, "weights": {"freeze": 3, "lose": 1}, "follow_percent": 100,
        "latency_ms_max": 20, "session_s": 0.5, "shared": 25,
    },
}  # fmt: skip
"""Some seeds are all about one thing: lanes that change hands while a batch is between Kafka and the view; processes frozen in the last step of a heal
while others go on in their place and the view is lost."""


@dataclass(frozen=True)
class Options:
    """A seed's mix.

    Attributes:
        theme: One of `THEMES`.
        events: About so many are published, in so many virtual seconds.
        right_percent: Of the places where a person's records lie, how many are the person's home.
        shared: Claim keys that two persons use.
        twice_percent: Of events, how many are sent again.
        disorder: By how many places events are moved, at most.
        batch_records_max, chunk_records_max: Of a batch and of a step of a heal.
        latency_ms_max: Of an undisturbed call, each way.
        session_s: After so long a silent process has lost its lanes.
        faults_max: At most so many faults are drawn, besides what follows from them.
        rate: Chance of a fault at each point, in a thousand; at the call aimed at, `aimed_rate`.
        weights: How often each kind of fault is drawn, against the others.
        follow_percent: Chance that harm to a process is followed by harm to its view, and the other way round.
    """

    theme: str
    events: int
    seconds: float
    right_percent: int
    shared: int
    twice_percent: int
    disorder: int
    batch_records_max: int
    chunk_records_max: int
    latency_ms_max: int
    session_s: float
    faults_max: int
    rate: int
    aim: str
    aimed_rate: int
    weights: dict[str, int]
    follow_percent: int

    @classmethod
    def draw(cls, rng: Random, theme: str | None = None) -> "Options":
        """The mix that comes next; `theme` instead of the drawn one."""
        drawn = rng.choice(("anything", *THEMES, "anything"))
        chosen = theme or drawn
        weights = {fault: rng.choice((0, 0, 1, 1, 2, 4)) for fault in FAULTS}
        weights[rng.choice(FAULTS)] += 6
        weights["reset"] = min(weights["reset"], 1)
        mix = cls(
            theme=chosen,
            events=rng.randint(30, 90),
            seconds=rng.choice((2.0, 10.0, 30.0)),
            right_percent=rng.choice((0, 50, 50, 90, 100)),
            shared=rng.choice((1, 5, 25)),
            twice_percent=rng.choice((0, 10, 30)),
            disorder=rng.choice((0, 5, 40)),
            batch_records_max=rng.choice((1, 2, 3, 5, 10, 50)),
            chunk_records_max=rng.choice((1, 3, 10, 500)),
            latency_ms_max=rng.choice((2, 20, 200)),
            session_s=rng.choice((0.5, 2.0, 6.0)),
            faults_max=rng.choice((3, 10, 20, 40)),
            rate=rng.choice((2, 5, 10, 30)),
            aim=rng.choice(AIMS),
            aimed_rate=rng.choice((50, 150, 400)),
            weights=weights,
            follow_percent=rng.choice((0, 30, 80)),
        )
        return replace(mix, **THEMES[chosen])

    def __str__(self) -> str:
        told = asdict(self)
        told["weights"] = {fault: weight for fault, weight in self.weights.items() if weight}
        return ", ".join(f"{name}={value}" for name, value in told.items())
