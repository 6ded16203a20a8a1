"""Late events that come together settle a person-year anew once, and end as if they had come one by one."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS, TIMELINES
from services.identity.app import IdentityService
from services.policy.library import load_policies
from services.policy.result import FIGURES
from services.runtime import deciding
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from tests.integration.faults.bills import bill, grant, reversal

ANN, BOB = "P-ann", "P-bob"
Line = tuple[str, str, bytes]


def bills(person: str, count: int) -> list[Line]:
    """1,000 yuan of self-pay each: the first two are the deductible, then 700 each until the limit."""
    return [(CLAIMS, person, bill(person, f"C-{person}-{number}", 1_000)) for number in range(count)]


def taken_back(person: str, *numbers: int) -> list[Line]:
    return [(CLAIMS, person, reversal(person, f"C-{person}-{number}")) for number in numbers]


def granted(person: str, day: str, number: int = 1) -> Line:
    return IDENTITY_EVENTS, person, grant(person, day, number)


async def told(*batches: Iterable[Line]) -> list[tuple[str, dict[str, Any]]]:
    """Topic and event of everything told, each batch at rest before the next."""
    policies = load_policies()
    embedded = Embedded([IdentityService(policies), SettlementService(policies)], 1)
    await embedded.start()
    for batch in batches:
        for topic, person, value in batch:
            embedded.publish(topic, person, value)
        await embedded.settle()
    return [
        (record.topic, orjson.loads(record.value)) for record in embedded.drain() if record.topic in {RESULTS, TIMELINES} and record.value
    ]


def results(found: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [event["data"] for topic, event in found if topic == RESULTS]


def newest(found: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """What the contract promises of each claim's last revision, once revisions were seen to rise by one, and deltas to add up."""
    known: dict[str, dict[str, Any]] = {}
    for data in results(found):
        before = known.get(data["claim_id"])
        assert data["revision"] == (0 if before is None else before["revision"] + 1)
        paid = float(before["assistance_amount"]) if before else 0.0
        assert float(data["delta"]) == pytest.approx(float(data["assistance_amount"]) - paid)
        known[data["claim_id"]] = data
    return {claim: {name: data[name] for name in (*FIGURES, "sequence")} for claim, data in known.items()}


def one_by_one(lines: Sequence[Line]) -> list[list[Line]]:
    return [[line] for line in lines]


async def test_a_claim_taken_back_has_its_own_reversal_as_its_cause_and_the_others_the_newest_event() -> None:
    """The two bills of the deductible go: the next two become it, 700 yuan less each."""
    first = [granted(ANN, "2025-01-10"), *bills(ANN, 5)]
    found = results((await told(first, taken_back(ANN, 0, 1)))[len(first) :])
    assert [(data["claim_id"], data["outcome"], data["delta"], data["caused_by"]["id"]) for data in found] == [
        ("C-P-ann-0", "reversed", "0.00", "r-C-P-ann-0-P-ann"),
        ("C-P-ann-1", "reversed", "0.00", "r-C-P-ann-1-P-ann"),
        ("C-P-ann-2", "not_assisted", "-700.00", "r-C-P-ann-1-P-ann"),
        ("C-P-ann-3", "not_assisted", "-700.00", "r-C-P-ann-1-P-ann"),
    ]
    assert {data["counters"]["deductible"] for data in found} == {"2000.00"}


async def test_a_claim_is_settled_behind_what_came_before_it() -> None:
    """In one batch: the deductible taken back, then the next bill, which is the deductible at once; never told as assisted first."""
    first = [granted(ANN, "2025-01-10"), *bills(ANN, 2)]
    found = results((await told(first, [*taken_back(ANN, 0, 1), *bills(ANN, 3)[2:]]))[len(first) :])
    assert [(data["claim_id"], data["revision"], data["outcome"], data["deductible"]) for data in found] == [
        ("C-P-ann-0", 1, "reversed", "0.00"), ("C-P-ann-1", 1, "reversed", "0.00"), ("C-P-ann-2", 0, "not_assisted", "1000.00"),
    ]  # fmt: skip


async def test_many_events_of_a_person_at_once_make_one_timeline_that_carries_all() -> None:
    count = 200
    lines = [granted(ANN, f"2025-01-{1 + number % 28:02d}", number) for number in range(count)]
    timelines = [event["data"] for topic, event in await told(lines) if topic == TIMELINES]
    assert [(data["revision"], len(data["events"])) for data in timelines] == [(1, count)]
    singly = [event["data"] for topic, event in await told(*one_by_one(lines)) if topic == TIMELINES]
    assert len(singly) == count
    assert {**singly[-1], "revision": 1} == timelines[0]


async def test_an_id_used_twice_in_one_batch_is_known_there() -> None:
    same, other = granted(ANN, "2025-01-10"), (IDENTITY_EVENTS, ANN, grant(ANN, "2025-02-10").replace(b"2025-02-10T", b"2025-01-10T"))
    timelines = [event["data"] for topic, event in await told([same, same, other]) if topic == TIMELINES]
    assert [[told["data"]["effective_date"] for told in data["events"]] for data in timelines] == [["2025-01-10"]]


@pytest.mark.parametrize("seed", range(6))
async def test_any_batches_end_as_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(deciding, "OWING_MAX", chance.choice([1, 2, 8]))
    persons = [bills(person, 24) for person in (ANN, BOB)]
    late = [line for person in (ANN, BOB) for line in [*taken_back(person, *chance.sample(range(24), 9)), granted(person, "2025-03-01", 2)]]
    late += [granted(ANN, "2025-06-01"), granted(BOB, "2025-01-10")]
    lines = [line for both in zip(*persons, strict=True) for line in both]  # each person's bills keep their order
    for line in late:
        lines.insert(chance.randrange(len(lines)), line)
    batches, rest = [], lines
    while rest:
        cut = chance.randrange(1, 30)
        batches.append(rest[:cut])
        rest = rest[cut:]
    assert newest(await told(*batches)) == newest(await told(*one_by_one(lines)))
