"""A claim key that was booked for a bill which was then not settled: whoever died between the two leaves the booking behind, and other bills come first."""

from itertools import permutations

import orjson
import pytest

from schemas.catalogue import CLAIM_TYPES, CLAIMS, RESULTS
from schemas.content import LATER
from schemas.hospital import ClaimSubmitted
from services.policy.library import load_policies
from services.runtime.errors import Refused
from services.runtime.memory_view import MemoryView
from services.runtime.ports import Loaded
from services.runtime.records import Record, Want, Writes
from services.settlement.app import Incoming, SettlementService
from tests.integration.faults.bills import bill, reversal

SERVICE = SettlementService(load_policies())
AT = {RESULTS: 0}


def read(line: bytes) -> Incoming:
    return SERVICE.read(Record(CLAIMS, 0, 0, b"P1", line))


BILLS = {
    "first": read(bill("P1", "C1", 3_000)),
    "other amount": read(bill("P1", "C1", 4_000)),
    "other year": read(bill("P1", "C1", 3_000, day="2024-05-20")),
}


class Desk:
    """Settlement at a view of its own, batch by batch."""

    def __init__(self) -> None:
        self.view = MemoryView(1)
        self.ledger: list[Record] = []

    async def open(self) -> "Desk":
        assert await self.view.apply(0, None, AT, Writes(), healed_in=await self.view.run())
        return self

    async def load(self, want: Want) -> Loaded:
        loaded = await self.view.load(0, AT, want)
        assert isinstance(loaded, Loaded)
        return loaded

    async def book(self, event: Incoming) -> None:
        """Book its key, as a worker does that dies then."""
        await self.load(SERVICE.want([event]))

    async def settle(self, *batch: Incoming) -> list[str]:
        """What becomes of each event: how many results, or why it is refused."""
        loaded = await self.load(SERVICE.want(batch))
        documents = dict(loaded.documents)
        if more := SERVICE.want_more(batch, documents, loaded.holders):
            documents |= (await self.load(more)).documents
        fold = SERVICE.fold(documents, loaded.holders)
        told = []
        for event in batch:
            try:
                emissions = fold.decide(event)
                results = fold.conclude(event.home) if emissions is None else emissions
                self.ledger += [Record(RESULTS, 0, len(self.ledger) + number, b"P1", result.value) for number, result in enumerate(results)]
                told.append(f"{len(results)} results")
            except Refused as refused:
                told.append(refused.reason)
        assert await self.view.apply(0, AT, AT, fold.writes())
        return told

    async def healed(self) -> "Desk":
        """The same with a view that was lost and healed from the ledger."""
        other = await Desk().open()
        writes = SERVICE.heal(self.ledger, {key: {} for key in SERVICE.want_healing(self.ledger).documents})
        assert await other.view.apply(0, AT, AT, writes)
        return other


class NextClaim(ClaimSubmitted):
    """A claim of a version to come."""

    nights_free: int = 0


@pytest.mark.parametrize("is_healed", [False, True], ids=["view kept", "view healed"])
async def test_a_bill_that_was_settled_before_claims_had_another_field_is_known_after(
    monkeypatch: pytest.MonkeyPatch, is_healed: bool
) -> None:
    old = bill("P1", "C1", 3_000)
    desk = await Desk().open()
    assert await desk.settle(read(old)) == ["1 results"]
    monkeypatch.setitem(CLAIM_TYPES, "hospital.claim.submitted.v1", NextClaim)
    monkeypatch.setitem(LATER, "nights_free", 0)
    desk = await desk.healed() if is_healed else desk
    assert isinstance(read(old).data, NextClaim)
    assert await desk.settle(read(old)) == ["0 results"]
    given = orjson.loads(old)
    given["data"]["nights_free"] = 1
    assert await desk.settle(read(orjson.dumps(given))) == ["conflicting_duplicate"]


@pytest.mark.parametrize("booked", BILLS)
@pytest.mark.parametrize(("one", "other"), list(permutations(BILLS, 2)))
async def test_the_first_bill_is_settled_its_copies_known_and_every_other_bill_told(booked: str, one: str, other: str) -> None:
    """In one batch, and by those after it."""
    desk = await Desk().open()
    await desk.book(BILLS[booked])
    batch = [BILLS[one], BILLS[other], BILLS[one], BILLS[other]]
    assert await desk.settle(*batch) == ["1 results", "conflicting_duplicate", "0 results", "conflicting_duplicate"]
    assert await desk.settle(*batch) == ["0 results", "conflicting_duplicate", "0 results", "conflicting_duplicate"]


@pytest.mark.parametrize("booked", BILLS)
@pytest.mark.parametrize("one", BILLS)
async def test_the_bill_that_was_settled_is_taken_back(booked: str, one: str) -> None:
    """In the same batch, in a year that has another bill."""
    desk = await Desk().open()
    assert await desk.settle(read(bill("P1", "C0", 100)), read(bill("P1", "C-", 100, day="2024-01-02"))) == ["1 results", "1 results"]
    await desk.book(BILLS[booked])
    assert await desk.settle(BILLS[one], read(reversal("P1", "C1"))) == ["1 results", "1 results"]


@pytest.mark.parametrize("is_settled", [False, True])
async def test_a_key_that_another_person_s_bill_has_is_nobody_else_s(is_settled: bool) -> None:
    """Also while that bill is booked only: whoever booked it may be settling it in another lane."""
    desk = await Desk().open()
    if is_settled:
        assert await desk.settle(BILLS["first"]) == ["1 results"]
    else:
        await desk.book(BILLS["first"])
    assert await desk.settle(read(bill("P2", "C1", 3_000))) == ["conflicting_duplicate"]
