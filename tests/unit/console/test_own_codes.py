"""The console's pages say a region's own codes in its words, and elsewhere nothing of them."""

from pathlib import Path

import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS
from services.console.service import ConsoleService
from services.ledger.services import all_services
from tests.unit.console.site import browser, site, text_of
from tests.unit.monitoring.world import Event
from tests.unit.policy.river import REGION, claim, event, submitted, with_river

GRANT = {"person_id": "P1", "region": REGION, "category": "flood_victim", "effective_date": "2025-02-10"}
DAY = (
    Event(IDENTITY_EVENTS, "P1", event("identity.status.granted.v1", "g1", f"/agencies/{REGION}/flood-relief", GRANT)),
    Event(CLAIMS, "P1", submitted(claim("C1", "emergency", "200.00", "2025-02-20", conditions=["burn"]))),
)


@pytest.mark.parametrize(
    ("lang", "visit", "condition", "agency"), [("zh", "急诊", "烧伤", "防汛救灾"), ("en", "emergency visit", "burns", "flood relief")]
)
def test_pages_say_the_region_s_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, visit: str, condition: str, agency: str
) -> None:
    """The person's claims, the explanation, the agencies that a warning is for, the policy."""
    known = with_river()
    monkeypatch.setattr("tests.unit.console.site.policies", lambda: known)
    with site(tmp_path, lambda: [*all_services(known), ConsoleService(known)]) as place, browser(place) as somebody:
        somebody.log_in("li")
        place.feed(*DAY)
        person = f"/persons/{place.token('person', 'P1')}"
        said = text_of(somebody.get(f"{person}?lang={lang}"))
        assert visit in said
        assert "emergency " not in said.replace("emergency visit", "").replace("emergency limit", "")
        somebody.send(f"{person}/unmask", back=person)
        explained = text_of(somebody.get(f"{person}/claims/{place.token('claim', 'H1/C1')}"))
        assert visit in explained
        assert condition in explained
        ending = f"status_ending/{REGION}/P1/2025/flood_victim"
        assert agency in text_of(somebody.get(f"/warnings/{place.token('warning', ending)}"))
        assert agency in text_of(somebody.get("/warnings"))
        assert agency in text_of(somebody.get(f"/cities/{REGION}/policy"))
        assert agency not in text_of(somebody.get("/cities/suzhou/policy"))
