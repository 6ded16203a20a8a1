"""What Prometheus is told: batches once they are committed, lanes as they are when it asks, and nothing that is not declared."""

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from services.runtime import figures
from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt, Unreadable
from services.runtime.kafka import AioKafkaBroker
from services.runtime.metrics import Committed, NoMetrics
from services.runtime.prometheus import Figures
from services.runtime.pulse import DEAF_S, FROZEN_S, Pulse
from services.runtime.records import Output, Record, Refusal, Told
from services.runtime.roster import Roster
from services.runtime.settings import Settings
from services.runtime.states import DOINGS, States
from tests.unit.runtime.counting import AMOUNTS, Counting
from tests.unit.runtime.workbench import ANN, Bench, Waits

LANE = {"service": "counting", "lane": "0"}


class Counted:
    """A registry, and what it says."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.lane = Figures(self.registry).of_lane("counting", 0)

    def of(self, name: str, **labels: str) -> float | None:
        """A sample of lane 0."""
        return self.registry.get_sample_value(name, {**LANE, **labels})


@pytest.fixture
def counted() -> Counted:
    return Counted()


def result(*told: str) -> Output:
    return Output("results.v1", 0, b"P1", b"{}", told=Told(*told))


def test_a_batch_is_counted_by_topic_outcome_and_reason(counted: Counted) -> None:
    records = [Record("in.v1", 0, offset, None, None) for offset in range(3)]
    letter = Output("in.v1.dlq", 0, None, b"{}", told=Refusal("in.v1", "malformed_json"))
    outputs = [
        result("completed", "assisted"),
        result("completed", "assisted"),
        result("adjusted", "not_assisted", "no_entitlement"),
        letter,
    ]
    counted.lane.committed(Committed(records, [*outputs, Output("other.v1", 0, None, b"{}")], ["in.v1"], 0.3, 0.02))
    assert counted.of("medaid_batches_total") == 1
    assert counted.of("medaid_records_read_total", topic="in.v1") == 3
    assert counted.of("medaid_records_written_total", topic="results.v1") == 3
    assert counted.of("medaid_settled_total", event="completed", outcome="assisted", reason="") == 2
    assert counted.of("medaid_settled_total", event="adjusted", outcome="not_assisted", reason="no_entitlement") == 1
    assert counted.of("medaid_dead_letters_total", topic="in.v1", reason="malformed_json") == 1
    assert counted.of("medaid_late_events_total", topic="in.v1") == 1
    assert (counted.of("medaid_batch_seconds_sum"), counted.of("medaid_commit_seconds_sum")) == (0.3, 0.02)
    assert (counted.of("medaid_batch_seconds_bucket", le="0.25"), counted.of("medaid_batch_seconds_bucket", le="0.5")) == (0, 1)


async def test_a_batch_that_ended_in_doubt_counts_once_it_is_done(counted: Counted) -> None:
    """What is refused in it is read and refused again: a dead letter that was never written is none."""
    bench = Bench()
    bench.figures = counted.lane  # type: ignore[assignment]
    lane = await bench.taken()
    poison = bench.kafka.append(AMOUNTS, 0, None, b"{")
    bench.kafka.init("counting-0")  # somebody else has taken it
    with pytest.raises(Doubt):
        await lane.batch([poison])
    assert counted.of("medaid_dead_letters_total", topic=AMOUNTS, reason="malformed_json") is None
    await lane.take()
    await lane.batch([poison])
    assert counted.of("medaid_dead_letters_total", topic=AMOUNTS, reason="malformed_json") == 1


async def test_the_time_of_a_batch_includes_what_it_waits_at_the_gate(counted: Counted) -> None:
    bench = Bench()
    bench.figures = counted.lane  # type: ignore[assignment]
    other = bench.lane(1)
    clock = Waits(meanwhile=other.take)
    lane = bench.lane(0, clock)
    await lane.take()
    await lane.batch([bench.amount(ANN, "A-1", 5)])
    assert counted.of("medaid_batch_seconds_sum") == pytest.approx(sum(clock.slept_s))
    assert sum(clock.slept_s) > 0.1


def test_what_rules_ask_for_begins_at_nothing() -> None:
    """Of a counter that is born at 1 Prometheus does not see that it rose."""
    counted = Counted()
    Figures(registry := CollectorRegistry()).of_lane("counting", 0, ["in.v1"])
    assert registry.get_sample_value("medaid_doubts_total", {**LANE, "kind": "foreign"}) == 0
    assert registry.get_sample_value("medaid_dead_letters_total", {**LANE, "topic": "in.v1", "reason": "processing_failed"}) == 0
    assert counted.of("medaid_doubts_total", kind="foreign") == 0


@pytest.mark.parametrize(
    ("doubt", "kind"),
    [(Doubt("away", "kafka"), "kafka"), (Doubt("?"), "other"), (Unreadable("a document"), "unreadable")],
)
def test_a_doubt_counts_by_its_kind(counted: Counted, doubt: Doubt, kind: str) -> None:
    counted.lane.doubted(doubt.kind)
    assert counted.of("medaid_doubts_total", kind=kind) == 1


class Told_(CollectorRegistry):
    """A roster with one lane, as Prometheus sees it."""

    def __init__(self) -> None:
        super().__init__()
        settings, no_view = Settings(), None
        self.clock = InstantClock()
        broker = AioKafkaBroker("counting", settings)
        self.roster = Roster(Counting(), settings, broker, no_view, self.clock, lambda lane: NoMetrics())  # type: ignore[arg-type]
        self.pulse = self.roster.pulses[0] = Pulse(self.clock)
        self.register(States(self.roster))

    def states(self) -> Sequence[str]:
        """What the lane is doing: one thing at a time."""
        return [doing for doing in DOINGS if self.get_sample_value("medaid_lane_state", {**LANE, "state": doing}) == 1]

    def seconds(self) -> tuple[float | None, float | None]:
        """Away, and before a closed gate."""
        away, shut = (self.get_sample_value(name, LANE) for name in ("medaid_lane_away_seconds", "medaid_gate_closed_seconds"))
        return away, shut


async def test_a_lane_is_told_as_it_is_when_somebody_asks() -> None:
    told = Told_()
    told.pulse.enter("taking")
    await told.clock.sleep(4)
    told.pulse.enter("doubt", "kafka: away")
    await told.clock.sleep(3)
    assert (told.states(), told.seconds()) == (["doubt"], (7, 0)), "away since it was first taken"
    told.pulse.enter("running")
    told.pulse.heard(1)
    told.pulse.gate(is_open=False)
    await told.clock.sleep(2)
    told.pulse.gate(is_open=False)
    assert (told.states(), told.seconds()) == (["waiting"], (0, 2)), "closed since the first look that found it so"
    told.pulse.gate(is_open=True)
    assert (told.states(), told.seconds()) == (["running"], (0, 0))
    told.pulse.beat()
    await told.clock.sleep(DEAF_S + 1)
    assert told.states() == ["deaf"]
    await told.clock.sleep(FROZEN_S)
    assert told.states() == ["frozen"]
    assert told.get_sample_value("medaid_live", {"service": "counting"}) == 0


async def test_of_a_lane_that_others_have_nothing_is_told() -> None:
    told = Told_()
    del told.roster.pulses[0]
    assert told.states() == []
    assert told.get_sample_value("medaid_ready", {"service": "counting"}) == 0


@pytest.mark.parametrize("figure", figures.RUNTIME, ids=lambda figure: figure.name)
def test_a_name_says_its_unit(figure: figures.Figure) -> None:
    assert figure.name.startswith("medaid_")
    assert (figure.kind == "counter") == figure.name.endswith("_total")
    if figure.kind == "histogram" or "Memory" in figure.meaning or "long" in figure.meaning or "Unix time" in figure.meaning:
        assert figure.name.endswith(("_seconds", "_bytes"))
    assert not {"person", "claim", "key", "source", "id"} & set(figure.labels)
