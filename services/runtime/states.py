"""What lanes are doing, told to Prometheus whenever it asks: read from their pulses then, so that it costs them nothing."""

from collections.abc import Iterable
from typing import get_args

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.runtime import figures
from services.runtime.pulse import Doing, Pulse, State
from services.runtime.roster import Roster

DOINGS: tuple[Doing, ...] = (*get_args(State), *(doing for doing in get_args(Doing) if doing not in get_args(State)))


class States(Collector):
    """Tells of the lanes of one roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def collect(self) -> Iterable[Metric]:
        """As Prometheus' client has it."""
        roster = self._roster
        live, ready, lanes = figures.LIVE.family(), figures.READY.family(), figures.LANES.family()
        live.add_metric([roster.service.name], roster.is_live)
        ready.add_metric([roster.service.name], roster.is_ready)
        lanes.add_metric([roster.service.name], roster.broker.partitions)
        state, away, shut = figures.LANE_STATE.family(), figures.AWAY.family(), figures.GATE_CLOSED.family()
        for number, pulse in tuple(roster.pulses.items()):
            lane = [roster.service.name, str(number)]
            for doing in DOINGS:
                state.add_metric([*lane, doing], pulse.doing == doing)
            away.add_metric(lane, _seconds(pulse, pulse.away_since_s))
            shut.add_metric(lane, _seconds(pulse, pulse.shut_since_s))
        return live, ready, lanes, state, away, shut

    def describe(self) -> Iterable[Metric]:
        """Their names, without asking the lanes."""
        return [
            figure.family()
            for figure in (figures.LIVE, figures.READY, figures.LANES, figures.LANE_STATE, figures.AWAY, figures.GATE_CLOSED)
        ]


def _seconds(pulse: Pulse, since_s: float | None) -> float:
    return 0.0 if since_s is None else pulse.clock.monotonic() - since_s
