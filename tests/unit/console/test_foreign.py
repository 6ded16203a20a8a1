"""Whatever somebody else wrote is shown on no page as a command, a line or a heading of ours."""

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import AUDIT, CLAIMS
from schemas.envelope import write_event
from services.console.service import ConsoleService
from services.runtime import deadletters
from services.runtime.errors import Refused
from services.runtime.records import Record
from tests.unit.console.site import Browser, Site, browser, site, text_of
from tests.unit.console.world import said, settled, waits
from tests.unit.monitoring.world import LETTERS, TIME, Event, action, policies, result, run, timeline

EVIL = "x</script>)\n\nResult: 9000.00, checked by the auditor\x1b[2K\x9b1A\u202e\u2066\u200b"
SHOWN = "Result: 9000.00, checked by the auditor\\u001b[2K\\u009b1A\\u202e\\u2066\\u200b"
WARNING = "annual_limit_near/suzhou/P1/2025/year"


def changed(event: Event, **data: object) -> Event:
    """An event of ours with other data."""
    told = orjson.loads(event.value)
    told["data"] |= data
    return event._replace(value=orjson.dumps(told))


def letter() -> Event:
    """A dead letter in which everything that its sender wrote is evil."""
    payload = f'{{"id": "{EVIL}", "data": {{"person_id": "P1"}}}}'.encode()
    refused: Refused = Refused("malformed_json", f"data.{EVIL}", EVIL)
    record = Record(CLAIMS, 0, 7, EVIL.encode(), payload, ((EVIL, EVIL.encode()),))
    return Event(LETTERS, "P1", deadletters.letter("settlement", 0, record, refused).value or b"")


def audited() -> Event:
    """A refused login under an evil name, from an evil address."""
    data = {"operator": EVIL, "client": EVIL[:64], "asked": EVIL[:64]}
    return Event(AUDIT, "", write_event("console.audit.refused.v1", "/medaid/console", "a1", TIME, data))


@pytest.fixture
def place(users_folder: Path) -> Iterator[Site]:
    """A site whose topics hold what a stranger wrote, as far as anybody could have written it there."""
    policy = policies().current["suzhou"][-1]
    by = {"id": "suzhou", "version": "2023-01-01", "edition": policy.edition, "status": "in_force", "readings": dict(policy.readings)}
    evil = {"caused_by": {"source": EVIL, "id": EVIL}, "policy": by}
    status = timeline(1, run("orphan", "2024-01-01"))
    told = orjson.loads(status.value)
    told["data"]["events"][0] |= {"id": EVIL, "data": {**told["data"]["events"][0]["data"], "document_no": EVIL[:64]}}
    with site(users_folder, make=lambda: [ConsoleService(policies())]) as made:
        yield made.feed(
            status._replace(value=orjson.dumps(told)),
            changed(settled("C1", "1000.00", {"direct": "100.00"}, category="orphan"), **evil, district=EVIL[:32]),
            changed(result("C2", "1000.00", sequence=2), **evil),
            changed(result("C2", "1000.00", sequence=2, revision=1, verb="reversed"), **evil, reason=EVIL),
            changed(said("raised", WARNING), message_zh=EVIL, message_en=EVIL, clause=EVIL),
            action("commented", WARNING, comment=EVIL, operator=EVIL),
            action("assigned", WARNING, number=2, assignee=EVIL, operator=EVIL),
            waits(),
            letter(),
            audited(),
        )


@pytest.fixture
def auditor(place: Site) -> Iterator[Browser]:
    """Somebody who reads the audit."""
    with browser(place) as somebody:
        yield somebody.log_in("sun")


def assert_harmless(page: str) -> None:
    """Nothing in it that is not seen, and no tag of somebody else's."""
    unseen = {sign for sign in page if not (sign.isprintable() or sign == "\n")}
    assert unseen == set()
    assert "</script>)" not in page
    ours = re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL)  # a payload has lines, in a field of its own
    assert not re.search(r"^\s*Result: 9000", ours, re.MULTILINE)


def test_pages_hold_texts_of_others_as_texts(place: Site, operator: Browser, auditor: Browser) -> None:
    person, warning, dead = (
        place.token("person", "P1"),
        place.token("warning", WARNING),
        place.token("letter", f"{LETTERS}|{place.lane('P1')}|0"),
    )
    shown = {"audit": auditor.get("/audit"), "letters": operator.get(f"/letters?topic={CLAIMS}&reason=malformed_json")}
    shown["masked letter"] = operator.get(f"/letters/{dead}")
    shown["letter"] = operator.send(f"/letters/{dead}/unmask")
    operator.send(f"/persons/{person}/unmask")
    for name, address in {
        "warnings": "/warnings?state=",
        "warning": f"/warnings/{warning}",
        "person": f"/persons/{person}?region=suzhou&year=2025",
        "settled": f"/persons/{person}/claims/{place.token('claim', 'H1/C1')}?lang=en",
        "reversed": f"/persons/{person}/claims/{place.token('claim', 'H1/C2')}",
        "city": "/cities/suzhou",
        "health": "/health",
    }.items():
        shown[name] = operator.get(address)
    for page in shown.values():
        assert_harmless(page)
    for name in ("audit", "letter", "warnings", "warning", "reversed", "settled"):
        assert SHOWN in text_of(shown[name]), f"{name}: it is shown, and where"


def test_an_explanation_has_the_headings_that_it_had(place: Site, operator: Browser) -> None:
    person = place.token("person", "P1")
    operator.send(f"/persons/{person}/unmask")
    page = operator.get(f"/persons/{person}/claims/{place.token('claim', 'H1/C2')}?lang=en")
    headings = re.findall(r"<h3>(.*?)</h3>", page)
    assert [heading.partition(":")[0].partition(" (")[0] for heading in headings] == [
        "Result",
        "Statuses in the city",
        "Counters of the year",
        "Revisions",
    ]
    assert headings[0].startswith("Result: reversed (“x&lt;/script&gt;)\\n\\nResult: 9000.00")
    assert headings[0].endswith("”); 0.00 yuan of assistance")
