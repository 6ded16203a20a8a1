"""Every kind of the audit's events is written at a page, as its schema and its example have it."""

from schemas.catalogue import AUDIT, AUDIT_TYPES, CLAIMS
from schemas.envelope import read_event
from schemas.topics import load_topics
from tests.contract.examples import bytes_of
from tests.unit.console.site import Browser, Site, browser
from tests.unit.console.story import HOSPITAL, PERSON, REGION, claim
from tests.unit.console.test_pages import replayed
from tests.unit.monitoring.world import Event

AT_THE_COMMAND_LINE = {
    *("console.audit.loss_accepted.v1", "console.audit.record_skipped.v1"),
    *("console.audit.readjudication_asked.v1", "console.audit.exported.v1"),
}
"""Rulings about lanes (`tests/integration/test_lanes_command.py`), years asked for (`tests/unit/cli/test_readjudicate.py`), exports
(`tests/integration/test_person_export.py`)."""


def test_the_pages_write_every_kind_and_each_is_valid(place: Site, operator: Browser) -> None:
    with browser(place) as somebody:
        somebody.send("/login", 403, name="li", password="wrong")
        somebody.send("/login", 403, name="nobody", password="wrong")
        somebody.log_in("gui").send(f"/reforms/{REGION}", year="2025", **{"reading:rounding": "down"})
    operator.get("/audit", 403)
    operator.send("/persons", person_id=PERSON)
    operator.send(f"/persons/{place.token('person', PERSON)}/unmask")
    ratio = place.token("warning", f"hospital_self_pay_ratio/{REGION}/{HOSPITAL}/2025")
    operator.client.post(f"/warnings/{ratio}/unmask", data={"csrf": operator.csrf()})
    replayed(place, operator)
    place.feed(Event(CLAIMS, PERSON, b"garbage"))
    refused = place.embedded.kafka.records(CLAIMS + ".dlq")[-1]
    unreadable = place.token("letter", f"{refused.topic}|{refused.partition}|{refused.offset}")
    operator.send(f"/letters/{unreadable}/unmask")
    operator.send(f"/letters/{unreadable}/replay", payload=claim(number="S-90001").value.decode())
    operator.send("/health/verify")
    operator.get("/health")
    operator.send("/logout")
    records = place.embedded.kafka.records(AUDIT)
    written = [read_event(record.value, record.headers, AUDIT_TYPES, bytes_max=None) for record in records]
    assert {event.type for event in written} == set(AUDIT_TYPES) - AT_THE_COMMAND_LINE
    assert len({event.id for event in written}) == len(written)
    fields = {(event.type, tuple(sorted(event.data.wire()))) for event in written}
    for kind, listed in load_topics()[AUDIT].events.items():
        for name in listed.examples if kind not in AT_THE_COMMAND_LINE else ():
            example = read_event(bytes_of(f"{kind}/{name}")[0], (), AUDIT_TYPES, bytes_max=None)
            assert (kind, tuple(sorted(example.data.wire()))) in fields, "an example is such as a page writes"
    assert len(place.embedded.kafka.records(CLAIMS)) == 6


def test_an_auditor_sees_who_had_a_year_settled_anew(place: Site) -> None:
    place.feed(Event(AUDIT, "cli:li", bytes_of("console.audit.readjudication_asked.v1/limit_corrected")[0]))
    with browser(place) as somebody:
        page = " ".join(somebody.log_in("sun").get("/audit?lang=en").split())
    assert "asked for a year to be settled anew" in page
    assert "lianyungang 2025: 2 persons, 350.00 yuan: 年度起付标准更正" in page
