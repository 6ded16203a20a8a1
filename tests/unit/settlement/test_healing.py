"""Healing looks at little of what it brings forward, however long the year is; and it reads whatever amounts were told."""

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS
from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.monitoring.domain.observed import Settled
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from services.settlement.domain import PersonYear
from tests.integration.faults.bills import bill
from tests.unit.events import claim, granted

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


async def test_bills_that_add_up_to_more_than_any_bill_may_be_are_healed() -> None:
    """无锡, two stays of 9,999,999,999.99: the burden is 9,999,699,999.99 and 9,999,999,999.99, together more than an amount that comes in may be. The view
    lost, the next 100 yuan are known to lie above 6,000 of burden, with the 300,000 used up: 60%, by （七）.
    """
    embedded = Embedded([IdentityService(load_policies()), SettlementService(load_policies())], 1, keeps_records=True)
    await embedded.start()
    embedded.publish(IDENTITY_EVENTS, "P1", granted(region="wuxi"))
    for number, yuan in enumerate(["9999999999.99", "9999999999.99", "100.00"]):
        embedded.views["settlement"].lose()
        await embedded.start()
        embedded.publish(CLAIMS, "P1", claim(f"c{number}", "2025-05-20", yuan, region="wuxi"))
        await embedded.settle()
    results = [record for record in embedded.drain() if record.topic == RESULTS]
    newest = orjson.loads(results[-1].value or b"")["data"]
    assert (newest["sequence"], newest["assistance_amount"]) == (3, "60.00")
    assert newest["counters"]["tilt_burden"] == "19999700099.98"
    read = MonitoringService(load_policies()).read(results[-1]).data
    assert isinstance(read, Settled)


def test_a_year_of_which_claims_are_missing_is_never_settled_anew() -> None:
    """What was used by a claim that is not at hand would be paid again."""
    with pytest.raises(LookupError, match=r"^0 of 2 claims"):
        PersonYear(sequence=2).whole()
