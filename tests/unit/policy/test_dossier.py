"""A person-year as it might have been: in which year a moved claim counts, and with which other claims."""

from datetime import date

import pytest

from schemas.catalogue import RESULT_TYPES
from schemas.envelope import read_event
from services.policy.dossier import Instead, as_if, dossier_of
from services.policy.explain import Dossier
from tests.unit.monitoring.world import Event, policies, result

STAYS = {"year": ("2025-12-23", "2026-01-01"), "spring": ("2026-03-01", "2026-03-10")}
"""Stays of ten days; the first from one year into the next, the second within one."""


def stay(number: str, sequence: int, **more: object) -> Event:
    """A stay of `STAYS` with 1000.00 of self-pay, of somebody whom no edition holds to an earlier policy."""
    admitted, left = STAYS[number]
    return result(number, "1000.00", sequence=sequence, policy=False, admission_date=admitted, discharge_date=left, **more)  # type: ignore[arg-type]


def dossier(year: int, stay_year: str, *events: Event) -> Dossier:
    """The person-year of results, of Suzhou, under a reading of R5."""
    read = [read_event(event.value, (), RESULT_TYPES, bytes_max=None) for event in events]
    made = dossier_of(policies(stay_year=stay_year), read, None)
    assert made.year == year
    assert made.policy_of(date(year, 6, 1)).file.self_pay.stay_year == stay_year
    return made


@pytest.mark.parametrize(
    ("stay_year", "year", "day", "counts_in"),
    [
        ("admission", 2025, "2026-01-05", 2025),  # admitted on 27 December
        ("admission", 2025, "2026-01-10", 2026),  # admitted on 1 January
        ("discharge", 2026, "2026-01-05", 2026),
        ("discharge", 2026, "2025-12-31", 2025),
    ],
)
def test_a_moved_stay_counts_in_the_year_of_the_reading(stay_year: str, year: int, day: str, counts_in: int) -> None:
    whole = dossier(year, stay_year, stay("year", 1, year=year))
    assert as_if(whole, "H1/year", Instead(day=date.fromisoformat(day))).year == counts_in


def test_claims_of_its_year_stay_beside_it_and_no_others() -> None:
    """Under admission a stay that ends in January is one of the year before: moved to a later day of January it leaves that year's claims."""
    old = dossier(2025, "admission", stay("year", 1, year=2025))
    new = dossier(2026, "admission", stay("spring", 1, year=2026))
    moved = as_if(old, "H1/year", Instead(day=date(2026, 1, 10)), new)
    assert [(claim.claim_id, claim.date) for claim, _ in moved.claims] == [("spring", date(2026, 3, 10)), ("year", date(2026, 1, 10))]
    near = as_if(old, "H1/year", Instead(day=date(2026, 1, 5)))
    assert [(claim.claim_id, claim.date) for claim, _ in near.claims] == [("year", date(2026, 1, 5))]
