"""Healing looks at little of what it brings forward, however long the year is."""

from schemas.catalogue import CLAIMS, RESULTS
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from tests.integration.faults.bills import bill

PERSON = "P-1"


async def test_of_a_year_only_the_claims_told_of_are_loaded_to_heal_it() -> None:
    service = SettlementService(load_policies())
    embedded = Embedded([service], 1)
    await embedded.start()
    for number in range(3):
        embedded.publish(CLAIMS, PERSON, bill(PERSON, f"C-{number}", 100))
    await embedded.settle()
    results = [record for record in embedded.drain() if record.topic == RESULTS]
    assert len(results) == 3
    assert service.want_healing(results[1:]).documents == {
        f"p/{PERSON}": ("timeline",),
        f"y/{PERSON}/lianyungang/2025": ("_through", "_sequence"),
        f"c/{PERSON}/lianyungang/2025": ("H-07/C-1", "H-07/C-2"),
    }
