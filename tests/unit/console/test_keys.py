"""No page grows slower with its city: the documents and fields that each page touches are counted in a small city and in one ten times as large."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from services.console.service import ConsoleService
from services.console.web.warning_list import PAGE_ROWS
from tests.unit.console.site import Browser, Site, browser, site
from tests.unit.console.story import REGION
from tests.unit.console.world import said, settled
from tests.unit.monitoring.world import Event, claim_of, letter, policies, run, timeline

HOSPITALS, CLAIMS_EACH, FEED = 40, 10, 2_000
SIZES = (250, 2_500)
"""Persons; in the smaller city lists are full already."""
LARGE = 100_000 if os.environ.get("FULL") == "1" else 10_000
"""Persons; all have `CLAIMS_EACH` claims and a warning each; their hospitals, months and reasons are those of one city, however many persons there are."""


def events(persons: int) -> Iterator[Event]:
    """A year of so many people."""
    for number in range(persons):
        person = f"P{number}"
        yield timeline(1, run("orphan", "2025-01-01"), person=person)
        for claim in range(CLAIMS_EACH):
            facts = {"person_id": person, "hospital_id": f"H{(number + claim) % HOSPITALS}", "region": "suzhou", "sequence": claim + 1}
            key, month = f"{number}-{claim}", f"2025-{claim + 1:02d}"
            days = {"admission_date": f"{month}-01", "discharge_date": f"{month}-10"}
            yield settled(
                key, "100.00", {"direct": "85.00"}, category="orphan", counters={"year": "850.00"}, district="320505", **facts, **days
            )
        yield said("raised", f"annual_limit_near/suzhou/{person}/2025/year")
        if number % 3 == 0:
            yield letter(number, claim_of(f"{number}-0", "5.00", person_id=person, hospital_id="H0"))


def pages(place: Site) -> list[str]:
    """Every page that shows what grows."""
    return [
        "/warnings", "/warnings?page=1", "/warnings?state=&region=suzhou&kind=annual_limit_near",
        f"/warnings/{place.token('warning', 'annual_limit_near/suzhou/P7/2025/year')}",
        f"/persons/{place.token('person', 'P7')}", "/cities/suzhou?year=2025", f"/cities/{REGION}", "/health",
        "/letters?topic=hospital.claims.v1&reason=conflicting_duplicate",
    ]  # fmt: skip


def touched(folder: Path, persons: int) -> dict[str, tuple[int, int, int]]:
    """By page: documents, fields, and records of Kafka."""
    with site(folder, lambda: [ConsoleService(policies())]) as made, browser(made) as somebody:
        somebody.log_in("li")
        source = events(persons)
        while some := list(islice(source, FEED)):
            made.feed(*some)
        found = {}
        for page in pages(made):
            made.outside.forget()
            somebody.get(page)
            found[page] = counted(made)
        assert_full(made, somebody, persons)
        return found


def counted(made: Site) -> tuple[int, int, int]:
    """What the last page touched."""
    return len(made.outside.touched), sum(fields for _, fields in made.outside.touched), made.outside.records


def assert_full(made: Site, somebody: Browser, persons: int) -> None:
    """The city is as large as it should be."""
    page = somebody.get("/cities/suzhou?year=2025", **{"Accept-Language": "en"})
    assert f"<dd>{persons * CLAIMS_EACH:,}</dd>" in page
    assert f"<dd>{persons:,}</dd>" in page


def test_ten_times_the_city_touches_no_document_and_no_field_more(users_folder: Path) -> None:
    small, large = (touched(users_folder, persons) for persons in SIZES)
    assert large == small
    documents, fields, records = max(small.values())
    assert max(documents for documents, _, _ in small.values()) <= 40, "all lanes together"
    assert max(fields for _, fields, _ in small.values()) <= 2 * (PAGE_ROWS + 64) + 100
    assert (documents, fields, records) != (0, 0, 0)


@pytest.mark.prove
def test_a_million_claims_with_full_and_a_tenth_without(users_folder: Path) -> None:
    """As many documents and fields as in the small city."""
    assert touched(users_folder, LARGE) == touched(users_folder, SIZES[0])
