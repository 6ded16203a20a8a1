"""Masked pages hold no id and no amount of a person in their source; unmasking shows one person, for a while, and is told first."""

import html
import re
from pathlib import Path

import pytest

from schemas.catalogue import AUDIT, CLAIMS
from services.console.web.masks import HIDDEN, Masks
from services.console.web.payloads import masked
from services.ledger.letters.masking import masked_detail
from services.runtime.errors import Doubt
from services.runtime.records import Record
from tests.unit.console.site import Browser, Site, browser, site, text_of
from tests.unit.console.story import CLAIM, DUPLICATE, HOSPITAL, KEY, OTHER, PERSON, REGION, SECRETS, YEAR, claim, day, granted

ROLES = ["viewer", "operator", "auditor"]


def pages(place: Site) -> list[str]:
    """Every page that is about the person."""
    reasons = ("invalid_amounts", "conflicting_duplicate")
    return [
        "/warnings?state=",
        f"/warnings/{place.token('warning', DUPLICATE)}",
        f"/persons/{place.token('person', PERSON)}",
        f"/persons/{place.token('person', PERSON)}?region={REGION}&year={YEAR}",
        "/health",
        *(f"/letters?topic={CLAIMS}&reason={reason}" for reason in reasons),
        *(f"/letters/{place.letter(number)}" for number in (0, 1)),
    ]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_masked_page_holds_an_id_or_an_amount_of_the_person(place: Site, people: dict[str, Browser], role: str, lang: str) -> None:
    for address in pages(place):
        answer = people[role].client.get(address, headers={"Accept-Language": lang})
        assert answer.status_code == 200, address
        whole = f"{answer.url} {answer.headers} {answer.text}"
        assert [secret for secret in SECRETS if secret in whole] == [], address


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("district", [PERSON, "张三", "320703199001011234"])
def test_a_city_shows_no_id_or_name_that_a_hospital_wrote_as_district(
    place: Site, people: dict[str, Browser], role: str, district: str
) -> None:
    page = place.feed(claim(OTHER, "S-2", district=district)) and people[role].get(f"/cities/{REGION}?year={YEAR}")
    assert [secret for secret in (PERSON, OTHER, CLAIM, district) if secret in page] == []
    assert "其他 1 0 0.00" in text_of(page), "one claim of some other district, not assisted"


def test_the_secrets_are_on_the_unmasked_page(place: Site, operator: Browser) -> None:
    """Else the test above could not fail."""
    token = place.token("person", PERSON)
    page = operator.send(f"/persons/{token}/unmask")
    assert [secret for secret in (PERSON, CLAIM, "5,000.01", "2,100.01", "2,900.00") if secret not in page] == []
    page += operator.get(f"/persons/{token}/claims/{place.token('claim', KEY)}")
    assert [secret for secret in ("5000.01", "2100.01", "2900.00", "3000.01", "15000.01") if secret not in page] == []


def test_unmasking_is_told_and_shows_this_person_alone(place: Site, operator: Browser) -> None:
    place.feed(granted(OTHER), claim(OTHER, "S-2"))
    token = place.token("person", PERSON)
    assert PERSON in operator.send(f"/persons/{token}/unmask")
    assert place.audited()[-1] == {
        "verb": "unmasked", "operator": "local:li", "client": "10.1.2.3", "person_id": PERSON,
    }  # fmt: skip
    assert OTHER not in operator.get(f"/persons/{place.token('person', OTHER)}")
    assert PERSON not in operator.get("/warnings?state=")
    operator.send(f"/persons/{place.token('person', OTHER)}/unmask")
    assert PERSON not in operator.get(f"/persons/{token}"), "one at a time"


def test_it_lasts_ten_minutes_or_until_it_is_taken_back(place: Site, operator: Browser) -> None:
    token = place.token("person", PERSON)
    operator.send(f"/persons/{token}/unmask")
    place.clock[0] += 9 * 60
    assert PERSON in operator.get(f"/persons/{token}")
    place.clock[0] += 61
    assert PERSON not in operator.get(f"/persons/{token}")
    operator.send(f"/persons/{token}/unmask")
    assert PERSON not in operator.send(f"/persons/{token}/mask")


def test_whoever_may_unmask_no_more_sees_nobody_in_clear(tmp_path: Path) -> None:
    """Made a viewer in the middle of an unmasking: every page that it opened is masked with the next request."""
    with site(tmp_path) as place, browser(place.feed(*day())) as somebody:
        somebody.log_in("li")
        token, letter = place.token("person", PERSON), place.letter(0)
        users = (tmp_path / "users").read_text("utf-8")
        for address, secret in [(f"/persons/{token}", PERSON), (f"/letters/{letter}", "S-88991")]:
            assert secret in somebody.send(f"{address}/unmask")
            (tmp_path / "users").write_text(users.replace("li:operator:", "li:viewer:"), "utf-8")
            page = somebody.get(address)
            assert [found for found in (*SECRETS, "S-88991") if found in page] == []
            (tmp_path / "users").write_text(users, "utf-8")


def test_what_cannot_be_told_is_not_done(place: Site, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit cannot be written: nobody is unmasked or looked up, and nothing sent again though its own topic could be written."""
    token, csrf, letter = place.token("person", PERSON), operator.csrf(), place.letter(0)
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", operator.send(f"/letters/{letter}/unmask"), re.DOTALL)
    assert found
    mended = html.unescape(found.group(1)).replace("17000.00", "7000.00")
    send = place.outside.send

    async def away(record: Record) -> str:
        if record.topic == AUDIT:
            raise Doubt("kafka: away")
        return await send(record)

    asked = [
        (f"/persons/{token}/unmask", {}),
        (f"/letters/{letter}/replay", {"payload": mended}),
        ("/persons", {"person_id": PERSON}),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(place.outside, "send", away)
        for address, more in asked:
            sent = operator.client.post(address, data={"csrf": csrf, **more})
            assert (sent.status_code, PERSON in sent.text) == (503, False), address
    assert PERSON not in operator.get(f"/persons/{token}")
    assert len(place.embedded.kafka.records(CLAIMS)) == 4
    operator.send(f"/letters/{letter}/replay", payload=mended)
    assert len(place.embedded.kafka.records(CLAIMS)) == 5, "else the above could not fail"


def test_a_person_is_found_by_his_id_which_no_address_holds(place: Site, operator: Browser) -> None:
    answer = operator.client.post("/persons", data={"csrf": operator.csrf(), "person_id": f" {PERSON} "})
    assert answer.status_code == 200
    assert PERSON not in f"{answer.url}{answer.text}"
    assert place.audited()[-1] == {"verb": "looked_up", "operator": "local:li", "client": "10.1.2.3", "person_id": PERSON}
    assert "没有此人的任何记录" in operator.send("/persons", person_id="P-NOBODY")
    operator.send("/persons", 404, person_id="no id, this")


def test_a_claims_page_sends_back_while_its_person_is_masked(place: Site, operator: Browser) -> None:
    token = place.token("person", PERSON)
    page = operator.client.get(f"/persons/{token}/claims/{place.token('claim', KEY)}")
    assert page.url.path == f"/persons/{token}"
    assert PERSON not in page.text


def test_a_dead_letter_is_unmasked_with_its_person_told(place: Site, operator: Browser) -> None:
    letter = place.letter(0)
    assert "•••" in operator.get(f"/letters/{letter}")
    assert "S-88991" in operator.send(f"/letters/{letter}/unmask")
    told = place.audited()[-1]
    assert (told["verb"], told["person_id"]) == ("unmasked", PERSON)
    assert re.fullmatch(rf"{CLAIMS}/\d/\d", told["letter"])


def test_a_hospitals_evidence_is_unmasked_by_its_own_name_and_a_persons_is_not(place: Site, operator: Browser) -> None:
    ratio = f"hospital_self_pay_ratio/{REGION}/{HOSPITAL}/{YEAR}"
    operator.send(f"/warnings/{place.token('warning', DUPLICATE)}/unmask", 404)
    operator.client.post(f"/warnings/{place.token('warning', ratio)}/unmask", data={"csrf": operator.csrf()})
    assert place.audited()[-1]["warning_id"] == ratio


def test_the_audit_shows_pseudonyms_and_the_topic_the_person(place: Site, people: dict[str, Browser]) -> None:
    people["operator"].send(f"/persons/{place.token('person', PERSON)}/unmask")
    page = people["auditor"].get("/audit")
    assert PERSON not in page
    assert place.room.masks.pseudonym(PERSON) in text_of(page)
    assert PERSON.encode() in b"".join(record.value or b"" for record in place.embedded.kafka.records(AUDIT))


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b'{"type":"hospital.claim.submitted.v1","data":{"person_id":"P1","total_amount":5,"conditions":["x",{"a":true}]}}',
         {"type": "hospital.claim.submitted.v1", "person_id": HIDDEN, "total_amount": HIDDEN, "conditions": HIDDEN}),
        (b'{"data":{"\\u5f20\\u4e09":"P1"}}', {"data": "? 1"}),
        (b'{"type":"P1 is his id"}', {"type": HIDDEN}),
    ],
)  # fmt: skip
def test_a_masked_payload_shows_its_shape_alone(payload: bytes, shown: dict[str, str]) -> None:
    text = masked(payload)
    assert not re.search(r"P1|张三|true|\b5\b", text)
    for name, value in shown.items():
        assert name in text
        assert value in text


@pytest.mark.parametrize(
    "payload",
    [None, b"", b"P1 {", b"\xff P1", b"[" * 300 + b'"P1"' + b"]" * 300, b'{"P1":' * 900 + b"1" + b"}" * 900],
    ids=["none", "empty", "cut", "no text", "deep", "deeper"],
)
def test_what_is_no_json_or_too_deep_shows_its_length(payload: bytes | None) -> None:
    assert masked(payload) == f"{HIDDEN} ({len(payload or b'')} bytes)"


def test_a_field_that_the_sender_named_is_shown_in_clear_alone(place: Site, people: dict[str, Browser]) -> None:
    """LiSi and ZhangSan are fields of the refused record that no model has; their names pass for one. The letter's page tells every fault."""
    place.feed(claim(OTHER, "S-9", **{"LiSi": 1, "ZhangSan": 1}))
    records = [record for record in place.embedded.kafka.records(CLAIMS + ".dlq") if b"ZhangSan" in (record.value or b"")]
    letter = place.token("letter", f"{records[0].topic}|{records[0].partition}|{records[0].offset}")
    for address in (f"/letters?topic={CLAIMS}&reason=invalid_event", f"/letters/{letter}"):
        page = people["viewer"].get(address)
        assert "ZhangSan" not in page
        assert "LiSi" not in page
        assert "data.?: no such field (and 1 more)" in page
    assert page.count("data.?: no such field") == 2
    unmasked = people["operator"].send(f"/letters/{letter}/unmask")
    assert "data.LiSi: no such field (and 1 more)" in unmasked
    assert "data.ZhangSan: no such field" in unmasked


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("data.basic_paid: at most the scope", "data.basic_paid: at most the scope"), ("data.conditions.0: a text", "data.conditions.0: a text"),
     ("$: a CloudEvents 1.0 JSON object", "$: a CloudEvents 1.0 JSON object"), ("data.ZhangSan.P1: x: y", "data.?.?: x: y"), ("headers: few", "headers: few")],
)  # fmt: skip
def test_a_masked_detail_names_our_own_fields(detail: str, shown: str) -> None:
    assert masked_detail(detail) == shown


def test_tokens_are_the_sites_own() -> None:
    one, other = Masks("x" * 32), Masks("y" * 32)
    token = one.token("person", "P1")
    assert (one.open("person", token), one.token("person", "P1")) == ("P1", token)
    assert "P1" not in token
    assert other.open("person", token) is None
    assert one.open("warning", token) is None
    assert one.open("person", token[:-2] + "AA") is None
    assert one.pseudonym("P1") != other.pseudonym("P1")
    assert Masks().open("person", Masks().token("person", "P1")) is None, "without a secret each process has its own"
