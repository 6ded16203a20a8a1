"""What the benchmarks settle: persons with statuses of their own and their claims, so many and so large as asked, the same bytes from the same seed.

Claims are about 700 bytes, as a hospital's HIS sends them: every amount given, mostly stays, all valid. Timelines are what identity tells of one grant
a status. Not here: the odd and the wrong, which the generated year of the replay's benchmark has.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, islice
from random import Random

import orjson

from schemas.catalogue import TIMELINES
from services.identity.app import IdentityService
from services.policy.library import Policies, load_policies
from services.policy.loader import Policy
from services.runtime.embedded import Embedded

YEAR = 2025
FIRST_DAY = date(YEAR, 1, 1)
DAYS = 364
SENT = "2025-12-31T18:00:00+08:00"
HOSPITALS = 40
PERSON = b"PERSON-OF-THE-TEMPLATE"

Event = tuple[str, bytes]
"""The person's id, and the bytes."""


@dataclass(frozen=True)
class Workload:
    """So many persons and claims.

    Attributes:
        statuses: How many categories each person holds.
        regions: Whose persons they are, in turn; empty: of all cities.
    """

    persons: int
    claims: int
    statuses: int = 1
    regions: Sequence[str] = ()
    seed: int = 1

    def grants(self) -> Iterator[Event]:
        """Each person's grants, as an agency sends them."""
        for person, region in self._residents():
            for grant in _grants(region, self.statuses):
                yield person, grant.replace(PERSON, person.encode())

    def timelines(self) -> Iterator[Event]:
        """Each person's timeline, as identity writes it."""
        for person, region in self._residents():
            yield person, _timeline(region, self.statuses).replace(PERSON, person.encode())

    def bills(self) -> Iterator[Event]:
        """Each claim, as a hospital sends it. The persons take turns."""
        chance, regions = Random(self.seed), self._regions()
        for number in range(self.claims):
            place = number % self.persons
            person = person_id(place)
            yield person, _bill(chance, number, person, regions[place % len(regions)])

    def lines(self) -> Iterator[bytes]:
        """The same as a file for `medaid replay`."""
        return (line for _, line in chain(self.grants(), self.bills()))

    def _residents(self) -> Iterator[tuple[str, str]]:
        regions = self._regions()
        return ((person_id(number), regions[number % len(regions)]) for number in range(self.persons))

    def _regions(self) -> Sequence[str]:
        return self.regions or _policies().regions()


def person_id(number: int) -> str:
    """The id of a person; ids of one workload are as long as each other."""
    return f"P{number:08d}"


def _bill(chance: Random, number: int, person: str, region: str) -> bytes:
    """One claim."""
    hospital = f"H{chance.randrange(HOSPITALS):04d}"
    total_fen = chance.randrange(20_000, 900_000)
    scope_fen = total_fen * chance.randrange(70, 100) // 100
    basic_fen = scope_fen * chance.randrange(40, 80) // 100
    last = FIRST_DAY + timedelta(days=chance.randrange(14, DAYS))
    stay = chance.random() < 0.7
    dates = (
        {"visit_type": "inpatient", "admission_date": last - timedelta(days=chance.randrange(2, 14)), "discharge_date": last}
        if stay
        else {"visit_type": "outpatient_special", "service_date": last}
    )
    data = {
        "claim_id": f"C{number:09d}", "hospital_id": hospital, "person_id": person, "region": region, **dates, "insurance_type": "resident",
        "conditions": [], "total_amount": _yuan(total_fen), "policy_scope_amount": _yuan(scope_fen), "basic_paid": _yuan(basic_fen),
        "critical_illness_paid": "0.00", "other_paid": "0.00", "above_basic_cap_amount": "0.00", "consultation_fee": "0.00",
        "referral": "local", "in_province": True, "in_county": True, "payment_method": "itemised", "district": f"{region[:2]}-01",
    }  # fmt: skip
    event = {
        "specversion": "1.0", "id": f"{hospital}-{number:09d}", "source": f"/hospitals/{hospital}", "type": "hospital.claim.submitted.v1",
        "time": SENT, "datacontenttype": "application/json", "data": data,
    }  # fmt: skip
    return orjson.dumps(event)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@lru_cache(maxsize=1)
def _policies() -> Policies:
    return load_policies()


@lru_cache
def _grants(region: str, statuses: int) -> Sequence[bytes]:
    """Grants of the region's first categories that are paid for, to the template person."""
    policy = _policies().current[region][-1]
    return [_grant(policy, code) for code in islice(_paid_categories(policy), statuses)]


@lru_cache
def _timeline(region: str, statuses: int) -> bytes:
    """What identity tells of the template person."""
    return asyncio.run(_told_by_identity(_grants(region, statuses)))


def _paid_categories(policy: Policy) -> Iterator[str]:
    """Those that are assisted, from the table's second on: the first is paid whole, which is quick."""
    return islice((code for code, category in policy.file.categories.items() if category.klass and not category.settles), 1, None)


def _grant(policy: Policy, code: str) -> bytes:
    agency = policy.file.categories[code].certifiers[0]
    event = {
        "specversion": "1.0", "id": f"grant-{PERSON.decode()}-{code}", "source": f"/agencies/{policy.file.id}/{agency}", "type": "identity.status.granted.v1",
        "time": "2024-06-01T09:00:00+08:00",
        "data": {"person_id": PERSON.decode(), "region": policy.file.id, "category": code, "effective_date": "2024-06-01"},
    }  # fmt: skip
    return orjson.dumps(event)


async def _told_by_identity(grants: Sequence[bytes]) -> bytes:
    """The last timeline that follows from grants."""
    embedded = Embedded([IdentityService(_policies())], partitions=1)
    await embedded.start()
    for grant in grants:
        embedded.publish("identity.events.v1", PERSON.decode(), grant)
    await embedded.settle()
    return [record.value for record in embedded.drain() if record.topic == TIMELINES and record.value][-1]
