"""The ledger held against settlement's view, over the memory adapters: whatever differs is found, at rest and while claims flow, and nothing else."""

import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING, TIMELINES
from services.embedded.replay import PARTITIONS, place_of
from services.identity.app import IdentityService
from services.ledger.verify import held as held_module
from services.ledger.verify import verification as verify_module
from services.ledger.verify.verification import Verification, verify_held, verify_kafka
from services.policy.library import Policies, load_policies
from services.runtime.embedded import Embedded
from services.runtime.home import home_of
from services.runtime.memory import MemoryBroker
from services.runtime.memory_view import MemoryView, Snapshot
from services.runtime.ports import Loaded
from services.runtime.records import Want
from services.settlement.app import SettlementService
from tests.unit.events import claim, granted, reversed_

POLICIES: Policies = load_policies()
YEAR = "P1/lianyungang/2025"
LINES = [
    granted(),
    claim("1", "2025-03-02", "1500.00"),
    claim("2", "2025-05-20", "3500.00"),
    claim("3", "2025-06-20", "10.00"),
    reversed_("3"),
    reversed_("9"),
    granted(person_id="P2", event_id="g2"),
    claim("4", "2025-07-01", "2900.00", person_id="P2"),
]
LATER = [
    granted("extreme_poverty", "2025-02-01", "g3"),
    claim("5", "2025-07-02", "70.00"),
    claim("6", "2025-08-02", "80.00", person_id="P2"),
    claim("7", "2025-08-03", "90.00", person_id="P3"),
    reversed_("5"),
    claim("8", "2025-09-02", "100.00"),
    granted("extreme_poverty", "2025-02-01", "g4", person_id="P2"),
]
LANE = home_of("P1", PARTITIONS)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory moves only when it is told to."""
    monkeypatch.setattr(held_module, "LOOK_S", 0.0)
    monkeypatch.setattr(verify_module, "LOOK_S", 0.0)


class Shelves:
    """A view in memory to walk along. Each look lets one of the `coming` lines be settled first."""

    def __init__(self, work: "Work") -> None:
        self.coming: list[bytes] = []
        self._work = work

    async def peek(self, lane: int, want: Want) -> Loaded:
        if self.coming:
            await self._work.settle(self.coming.pop(0))
        return await self._work.view.peek(lane, want)

    async def documents(self) -> AsyncIterator[str]:
        for key in self._work.view.snapshot().documents:
            yield key

    async def holders(self) -> AsyncIterator[tuple[str, str]]:
        for item in self._work.view.snapshot().holders.items():
            yield item


class Work:
    """Identity and settlement at work in memory, and what a verification finds there."""

    def __init__(self) -> None:
        self.embedded = Embedded([IdentityService(POLICIES), SettlementService(POLICIES)], PARTITIONS, keeps_records=True)
        self.shelves = Shelves(self)

    @property
    def view(self) -> MemoryView:
        return self.embedded.views["settlement"]

    async def settle(self, *lines: bytes) -> None:
        for line in lines:
            place = place_of(line.rstrip())
            assert place is not None
            self.embedded.publish(*place, line.rstrip())
            await self.embedded.settle()

    async def verify(self) -> list[str]:
        """The lines of the differences found."""
        found: list[str] = []
        verification = Verification(POLICIES, lambda difference: found.append(difference.line("en")))
        await verify_kafka(verification, MemoryBroker(self.embedded.kafka, "settlement", PARTITIONS), self.shelves)
        assert verification.summary.differences == len(found)
        return found

    async def verify_held(self) -> list[str]:
        """The same from what the view alone holds."""
        found: list[str] = []
        await verify_held(Verification(POLICIES, lambda difference: found.append(difference.line("en", "redis"))), self.shelves)
        return found

    def tamper(self, change: "Change") -> None:
        """Change documents, holders or watermarks behind the services' back."""
        snapshot = self.view.snapshot()
        documents: Documents = {key: dict(document) for key, document in snapshot.documents.items()}
        holders = dict(snapshot.holders)
        change(documents, holders)
        self.view.lose(Snapshot({key: document for key, document in documents.items() if document}, holders, snapshot.watermarks))


Documents = dict[str, dict[str, bytes]]
Change = Callable[[Documents, dict[str, str]], object]


@pytest.fixture
async def work() -> Work:
    """Settled and at rest."""
    work = Work()
    await work.embedded.start()
    await work.settle(*LINES)
    return work


def reclaimed(documents: Documents, key: str, place: int, value: Any) -> None:
    """One part of a claim's record changed."""
    record = orjson.loads(documents[f"c/{YEAR}"][key])
    record[place] = value
    documents[f"c/{YEAR}"][key] = orjson.dumps(record)


TAMPERED: dict[str, tuple[Change, list[str]]] = {
    "a counter": (
        lambda documents, _: documents[f"y/{YEAR}"].update(year=b"210001"),
        [f"redis y/{YEAR} year: ledger 2100.00, redis 2100.01"],
    ),
    "a counter that is no number": (
        lambda documents, _: documents[f"y/{YEAR}"].update(year=b"many\xff"),
        [f"redis y/{YEAR} year: ledger 2100.00, redis many\ufffd"],
    ),
    "an amount": (
        lambda documents, _: reclaimed(documents, "H1/2", 2, 210_001),
        [f"redis c/{YEAR} H1/2.assistance_amount: ledger 2100.00, redis 2100.01"],
    ),
    "a revision": (
        lambda documents, _: reclaimed(documents, "H1/3", 1, 2),
        [f"redis c/{YEAR} H1/3.revision: ledger 1, redis 2"],
    ),
    "a sequence": (
        lambda documents, _: documents[f"y/{YEAR}"].update(_sequence=b"4"),
        [f"redis y/{YEAR} _sequence: ledger 3, redis 4"],
    ),
    "a field gone": (
        lambda documents, _: documents["p/P1"].pop("y:lianyungang/2025"),
        ["redis p/P1 y:lianyungang/2025: ledger 1, redis -"],
    ),
    "a field too many": (
        lambda documents, _: documents["p/P1"].update({"y:wuxi/2025": b"1"}),
        ["redis p/P1 y:wuxi/2025: ledger -, redis 1"],
    ),
    "a waiting reversal gone": (
        lambda documents, _: documents["p/P1"].pop("w:lianyungang/H1/9"),
        [
            f"redis p/P1 w:lianyungang/H1/9.{part}, redis -"
            for part in (
                "reversal.person_id: ledger P1",
                "reversal.claim_id: ledger 9",
                "reversal.hospital_id: ledger H1",
                "reversal.region: ledger lianyungang",
                "reversal.reason: ledger billing_error",
                "caused_by.source: ledger /hospitals/H1",
                "caused_by.id: ledger r9",
                "time: ledger 2025-12-31T09:00:00+08:00",
            )
        ],
    ),
    "an older timeline": (
        lambda documents, _: documents["p/P1"].update(timeline=documents["p/P1"]["timeline"].replace(b"[1,", b"[0,")),
        ["redis p/P1 timeline.revision: ledger 1, redis 0"],
    ),
    "a document gone": (
        lambda documents, _: documents[f"c/{YEAR}"].clear(),
        [f"redis c/{YEAR} document: ledger 3 fields, redis -"],
    ),
    "a document too many": (
        lambda documents, _: documents.update({"y/P1/lianyungang/2024": {"year": b"1", "_sequence": b"1"}}),
        ["redis y/P1/lianyungang/2024 document: ledger -, redis 2 fields"],
    ),
    "a document of nobody": (
        lambda documents, _: documents.update({"nonsense": {"year": b"1"}}),
        ["redis nonsense document: ledger -, redis 1 fields"],
    ),
    "a holder gone": (
        lambda _, holders: holders.pop("H1/2"),
        ["index H1/2 holder: ledger P1/lianyungang/2025 x, redis -"],
    ),
    "a holder changed": (
        lambda _, holders: holders.update({"H1/2": holders["H1/2"].replace("|P1|", "|P2|")}),
        ["index H1/2 holder: ledger P1/lianyungang/2025 x, redis P2/lianyungang/2025 x"],
    ),
    "a holder too many": (
        lambda _, holders: holders.update({"H1/77": holders["H1/2"]}),
        ["index H1/77 holder: ledger -, redis P1/lianyungang/2025 x"],
    ),
    "a holder that is none": (
        lambda _, holders: holders.update({"H1/77": "nonsense"}),
        ["index H1/77 holder: ledger -, redis nonsense"],
    ),
}


def unhashed(lines: list[str]) -> list[str]:
    """Lines with a claim's content hash as x."""
    return [re.sub(r"\b[0-9a-f]{24}\b", "x", line) for line in lines]


async def test_a_view_at_rest_is_right(work: Work) -> None:
    assert await work.verify() == []
    assert await work.verify_held() == []


@pytest.mark.parametrize("fault", TAMPERED)
async def test_what_was_changed_is_found_and_nothing_else(work: Work, fault: str) -> None:
    change, expected = TAMPERED[fault]
    work.tamper(change)
    assert unhashed(await work.verify()) == expected


@pytest.mark.parametrize("after", range(12))
async def test_claims_that_come_in_meanwhile_are_no_difference(work: Work, after: int) -> None:
    """Wherever in the verification they begin to come: one is settled before each look at the view."""
    work.shelves.coming = LATER.copy()
    waits = iter(range(after))
    peek = work.shelves.peek

    async def later(lane: int, want: Want) -> Loaded:
        return await (work.view.peek(lane, want) if next(waits, None) is not None else peek(lane, want))

    work.shelves.peek = later  # type: ignore[method-assign]
    assert await work.verify() == []
    await work.settle(*work.shelves.coming)
    work.shelves.coming = []
    assert await work.verify() == []


async def test_what_was_changed_is_found_while_claims_come_in(work: Work) -> None:
    """Of another person, for settlement goes on from what the view says: then the ledger itself differs from a fresh adjudication."""
    work.tamper(lambda documents, _: documents[f"y/{YEAR}"].update(outpatient=b"7"))
    work.shelves.coming = [LATER[2], LATER[3], LATER[6]]
    assert await work.verify() == [f"redis y/{YEAR} outpatient: ledger 0.00, redis 0.07"]
    await work.settle(LATER[1])
    assert await work.verify() == [f"anew {YEAR} counters.outpatient: ledger 0.07, settled anew 0.00"]


async def test_an_older_snapshot_is_behind_and_else_right(work: Work) -> None:
    """It is compared where it stands; what it lacks, healing brings."""
    snapshot = work.view.snapshot()
    await work.settle(*LATER)
    work.view.lose(snapshot)
    found = await work.verify()
    assert {line.split(":")[0] for line in found} >= {f"watermark lane {LANE} {RESULTS}", f"watermark lane {LANE} {TIMELINES}"}
    assert all(line.startswith("watermark lane ") for line in found)


async def test_an_empty_view_is_behind(work: Work) -> None:
    work.view.lose()
    assert all(line.startswith("watermark lane ") and line.endswith(", redis 0") for line in await work.verify())
    assert len(await work.verify()) >= 3


async def test_a_watermark_beyond_the_ledger_is_told(work: Work) -> None:
    snapshot = work.view.snapshot()
    end = snapshot.watermarks[LANE][RESULTS] + 1
    moved = {**snapshot.watermarks, LANE: {**snapshot.watermarks[LANE], RESULTS: end + 5}}
    work.view.lose(dataclasses.replace(snapshot, watermarks=moved))
    assert await work.verify() == [f"watermark lane {LANE} {RESULTS}: ledger {end}, redis {end + 5}"]


async def test_a_key_that_is_booked_and_settled_soon_is_no_difference(work: Work) -> None:
    """Keys are booked before their batch is decided."""
    other = Work()
    await other.embedded.start()
    await other.settle(*LINES, LATER[1])
    booking = other.view.snapshot().holders["H1/5"]
    work.tamper(lambda _, holders: holders.update({"H1/5": booking}))
    assert unhashed(await work.verify()) == ["index H1/5 holder: ledger -, redis P1/lianyungang/2025 x"]
    looks = 0
    peek = work.shelves.peek

    async def settled_at_last(lane: int, want: Want) -> Loaded:
        nonlocal looks
        looks += want.peeks == {"H1/5"}
        if looks == 3:
            looks += 1
            await work.settle(LATER[1])
        return await peek(lane, want)

    work.shelves.peek = settled_at_last  # type: ignore[method-assign]
    assert await work.verify() == []
    assert looks > 3


async def test_a_key_whose_claim_was_set_aside_is_no_difference(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """`processing_failed` leaves the key booked."""

    def broken(*_: object) -> None:
        raise KeyError("x")

    with monkeypatch.context() as patch:
        patch.setattr("services.settlement.app.decide", broken)
        await work.settle(LATER[1])
    assert "H1/5" in work.view.snapshot().holders
    assert await work.verify() == []


async def test_a_key_whose_claim_waits_to_be_settled_is_no_difference(work: Work) -> None:
    """The worker was killed after it had booked the key, and nobody has taken over."""
    place = place_of(LATER[1].rstrip())
    assert place is not None
    work.tamper(lambda _, holders: holders.update({"H1/5": holders["H1/2"]}))
    assert len(await work.verify()) == 1
    work.embedded.publish(*place, LATER[1].rstrip())
    assert await work.verify() == []


async def test_a_record_in_the_wrong_place_is_found(work: Work) -> None:
    """Another partition than the person's home, and another key."""
    values = [record.value or b"" for record in work.embedded.kafka.records(RESULTS)]
    newest = next(value for value in values if b'"H1/4/0"' in value)
    value = newest.replace(b"H1/4/0", b"H1/44/0").replace(b'"claim_id":"4"', b'"claim_id":"44"')
    wrong = (home_of("P2", PARTITIONS) + 1) % PARTITIONS
    work.embedded.kafka.append(RESULTS, wrong, b"P9", value)
    found = await work.verify()
    assert "form H1/44 record key of revision 0: ledger P9, must be P2" in found
    home = home_of("P2", PARTITIONS)
    assert f"form H1/44 partition of revision 0: ledger {RESULTS}[{wrong}], must be {RESULTS}[{home}]" in found


async def test_a_claim_key_that_two_persons_were_paid_by_is_found(work: Work) -> None:
    """In two partitions, each of which is right by itself; Redis can hold it for one of them only."""
    await work.settle(claim("1", "2025-03-02", "1500.00", hospital_id="H2", person_id="P2").replace(b"/hospitals/H1", b"/hospitals/H2"))
    values = [record.value or b"" for record in work.embedded.kafka.records(RESULTS)]
    value = next(value for value in values if b'"H2/1/0"' in value).replace(b"H2", b"H1").replace(b'"sequence":2', b'"sequence":3')
    work.embedded.kafka.append(RESULTS, home_of("P2", PARTITIONS), b"P2", value)
    work.view.lose()
    await work.settle(LATER[3])
    found = unhashed(await work.verify())
    assert [line for line in found if line.startswith("index ")] == [
        "index H1/1 holder: ledger P1/lianyungang/2025 x, redis P2/lianyungang/2025 x"
        if home_of("P2", PARTITIONS) > LANE
        else "index H1/1 holder: ledger P2/lianyungang/2025 x, redis P1/lianyungang/2025 x"
    ]


@pytest.mark.parametrize("topic", [RESULTS, SETTLEMENT_WAITING])
async def test_a_record_that_nobody_can_read_is_found(work: Work, topic: str) -> None:
    written = work.embedded.kafka.append(topic, LANE, b"x", b"{}")
    assert f"form {topic}[{LANE}]@{written.offset} value: ledger unreadable" in "\n".join(await work.verify())


async def test_a_timeline_that_settlement_refused_is_no_difference(work: Work) -> None:
    work.embedded.kafka.append(TIMELINES, LANE, b"P1", b"{}")
    await work.embedded.settle()
    assert await work.verify() == []


REDIS_ALONE: dict[str, tuple[Change, list[str]]] = {
    "a counter": (
        lambda documents, _: documents[f"y/{YEAR}"].update(year=b"210001"),
        [f"anew {YEAR} counters.year: redis 2100.01, settled anew 2100.00"],
    ),
    "an amount": (
        lambda documents, _: (reclaimed(documents, "H1/2", 2, 210_001), reclaimed(documents, "H1/2", 3, "0" * 16)),
        ["anew H1/2 assistance_amount: redis 2100.01, settled anew 2100.00"],
    ),
    "a claim gone": (
        lambda documents, _: documents[f"c/{YEAR}"].pop("H1/2"),
        [f"anew {YEAR} claims: redis 2, settled anew 2 of 3 claims of the year are at hand"],
    ),
    "a document that cannot be read": (
        lambda documents, _: documents.update({"y/P1/lianyungang/now": {"year": b"1"}}),
        ["anew y/P1/lianyungang/now document: redis 1 fields, settled anew no person-year that can be read"],
    ),
    "a holder gone": (
        lambda _, holders: holders.pop("H1/2"),
        ["index H1/2 holder: redis P1/lianyungang/2025 x, redis -"],
    ),
}


@pytest.mark.parametrize("fault", REDIS_ALONE)
async def test_redis_alone_is_adjudicated_anew(work: Work, fault: str) -> None:
    change, expected = REDIS_ALONE[fault]
    work.tamper(change)
    assert unhashed(await work.verify_held()) == expected
