"""The fuzzing can fail: each of these mistakes, put into our services, is found by two refused claims and the good events behind them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from schemas.catalogue import CLAIMS
from schemas.refusal import Refused
from services.runtime import deadletters, deciding
from services.runtime.deciding import Decider
from services.runtime.folding import StateFold
from services.runtime.home import home_of
from services.runtime.lanes import Lane
from services.runtime.records import Output, Record
from services.settlement.app import SettlementService
from tests.contract.examples import PARTITIONS
from tests.contract.fuzz_city import CLAIM, PERSON, hold
from tests.contract.spoiling import Sent

HOME = home_of(PERSON.decode(), PARTITIONS)
REFUSED = [
    Sent(CLAIMS, HOME, PERSON, CLAIM[1].replace(b"18250.00", b"geheim")),
    Sent(CLAIMS, HOME, PERSON, CLAIM[1].replace(b"18250.00", b"18251.00")),
]
"""An amount that is none, and a claim sent before with another amount."""

Mutant = Callable[[pytest.MonkeyPatch], None]
letter_value, payload, decide, read, publish = (
    deadletters.letter_value, deadletters._payload, StateFold.decide, Decider.read, Lane._publish,
)  # fmt: skip


def a_detail_quotes_the_value(patch: pytest.MonkeyPatch) -> None:
    def quoting(service: str, record: Record, refused: Refused, topic: str | None) -> bytes:
        return letter_value(service, record, Refused(refused.reason, refused.field, f"{refused.expected}, not geheim"), topic)

    patch.setattr(deadletters, "letter_value", quoting)


def a_letter_keeps_one_byte_less(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deadletters, "_payload", lambda value: payload(value[:-1]))


def a_letter_names_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deadletters, "letter_value", lambda service, *others: letter_value("nobody", *others))


def a_letter_is_written_twice(patch: pytest.MonkeyPatch) -> None:
    async def twice(lane: Lane[Any], outputs: Sequence[Output], offsets: Any) -> Any:
        return await publish(lane, [*outputs, *(output for output in outputs if output.topic.endswith(".dlq"))], offsets)

    patch.setattr(Lane, "_publish", twice)


def a_good_record_is_lost(patch: pytest.MonkeyPatch) -> None:
    def forgetting(decider: Decider[Any], records: Sequence[Record]) -> Any:
        steps = read(decider, records)
        if not any(step.fault for step in steps):
            return steps
        lost = next((place for place, step in enumerate(steps) if step.fault is None), len(steps))
        return steps[:lost] + steps[lost + 1 :]

    patch.setattr(Decider, "read", forgetting)


def a_refused_claim_leaves_a_trace(patch: pytest.MonkeyPatch) -> None:
    def leaking(fold: StateFold[Any, Any], event: Any) -> Any:
        try:
            return decide(fold, event)
        except Refused:
            fold._bookings["H1/C1"] = "2025|P1|suzhou|0"
            raise

    patch.setattr(StateFold, "decide", leaking)


def reading_fails(patch: pytest.MonkeyPatch) -> None:
    def clumsy(service: SettlementService, record: Record) -> Any:
        raise KeyError(record.topic)

    patch.setattr(SettlementService, "read", clumsy)


def an_error_leaves_the_lane(patch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Record:
        raise ValueError

    patch.setattr(deciding.reroute, "origin", failing)


MUTANTS: Sequence[tuple[Mutant, str]] = [
    (a_detail_quotes_the_value, "quotes"),
    (a_letter_keeps_one_byte_less, "_check_payload"),
    (a_letter_names_nobody, "_check_schema"),
    (a_letter_is_written_twice, "refused twice"),
    (a_good_record_is_lost, "check_others"),
    (a_refused_claim_leaves_a_trace, "check_nothing_changed"),
    (reading_fails, "a bug of ours"),
    (an_error_leaves_the_lane, "ValueError"),
]


def test_without_a_mistake_all_is_well() -> None:
    hold(REFUSED, known=True)


@pytest.mark.parametrize(("mutant", "found_by"), MUTANTS, ids=[mutant.__name__ for mutant, _ in MUTANTS])
def test_a_mistake_is_found(mutant: Mutant, found_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(REFUSED, known=True)  # what is usual is known before the mistake
    mutant(monkeypatch)
    with pytest.raises((AssertionError, ValueError)) as found:
        hold(REFUSED, known=True)
    assert found_by in f"{found.value!r} {[entry.name for entry in found.traceback]}"
