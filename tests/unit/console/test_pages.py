"""What each page says, in both languages; what operators do, and what comes of it; a claim under another status or day."""

import hashlib
import html
import re
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import ACTIONS, CLAIMS, RESULTS, TIMELINES
from services.console.service import ConsoleService
from services.runtime.records import Record, TopicPartition
from tests.unit.console.site import Browser, Site, browser, site, text_of
from tests.unit.console.story import CLAIM, DUPLICATE, HOSPITAL, KEY, PERSON, REGION
from tests.unit.console.world import said, settled
from tests.unit.monitoring.world import policies

EN = {"Accept-Language": "en"}
LANGUAGES = {"zh": {"Accept-Language": "zh-CN"}, "en": EN}

PAGES = {
    "/warnings": (["重复上传且内容不一致", "待处理", "连云港市"], ["Conflicting duplicate", "open", "Lianyungang"]),
    f"/warnings/{{{DUPLICATE}}}": (["被拒次数", "期次", "指派"], ["refused deliveries", "Episode", "Assign"]),
    f"/persons/{{{PERSON}}}": (["低保边缘家庭成员", "年度累计与限额", "起付"], ["low-income margin", "Counters of the year", "deductible"]),
    f"/cities/{REGION}": (["按月", "2025-05", "已救助", "2,100.01", "机构"], ["By month", "2025-05", "assisted", "2,100.01", "hospital"]),
    f"/cities/{REGION}/policy": (["连政办发〔2022〕71号", "（五）3"], ["连政办发〔2022〕71号", "（五）3"]),
    "/health": (
        ["待读记录", "死信", "invalid_amounts", "等待重新结算的年度: 1"],
        ["behind, records", "Dead letters", "years to be settled anew: 1"],
    ),
    f"/letters?topic={CLAIMS}&reason=invalid_amounts": (["死信", "basic_paid"], ["Dead letters", "basic_paid"]),
}


def address(place: Site, path: str) -> str:
    """The path with the id in braces as its token."""
    kind = path.split("/")[1].rstrip("s")
    return re.sub(r"\{(.+)\}", lambda found: place.token(kind, found.group(1)), path)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_in_its_language_what_is_on_it(place: Site, operator: Browser, path: str, lang: str) -> None:
    page = operator.get(address(place, path), **LANGUAGES[lang])
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in page
    for words in PAGES[path][lang == "en"]:
        assert words in text_of(page), words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_region_whose_files_have_faults_is_told_and_its_warnings_stay(
    place: Site, operator: Browser, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """On the page of health, and on its own instead of sums; the faults as they are, escaped."""
    open_before = matching(operator)
    whole = vars(place.room.policies)
    monkeypatch.setitem(whole, "current", {region: files for region, files in whole["current"].items() if region != REGION})
    monkeypatch.setitem(whole, "faulty", {REGION: ["x.yaml:3: <b>: a text"]})
    health = operator.get("/health", **LANGUAGES[lang])
    assert f'<a href="/cities/{REGION}">{REGION}</a>' in health
    for path in (f"/cities/{REGION}", f"/cities/{REGION}/policy"):
        page = operator.get(path, **LANGUAGES[lang])
        assert ("Mend the files" if lang == "en" else "请改正文件") in text_of(page)
        assert "<code>x.yaml:3: &lt;b&gt;: a text</code>" in page
    operator.get("/cities/nowhere", 404)
    assert matching(operator) == open_before > 0


def matching(operator: Browser, query: str = "") -> int:
    """How many warnings the list tells of."""
    found = re.search(r"that match: (\d+)", text_of(operator.get(f"/warnings?{query}", **EN)))
    assert found
    return int(found.group(1))


def test_the_language_that_was_chosen_stays(operator: Browser) -> None:
    assert '<html lang="en">' in operator.get("/health?lang=en", **{"Accept-Language": "zh"})
    assert '<html lang="en">' in operator.get("/warnings", **{"Accept-Language": "zh"})
    assert '<html lang="zh-CN">' in operator.get("/warnings?lang=zh", **EN)


def test_warnings_are_filtered(place: Site, operator: Browser) -> None:
    place.feed(
        said("raised", "annual_limit_near/suzhou/P2/2024/year"), said("raised", "annual_limit_reached/suzhou/P2/2024/year", level="warning")
    )

    expected = {
        "": 4, "region=suzhou": 2, f"region={REGION}": 2, "kind=annual_limit_near": 1, "kind=reversal_waiting": 1, "level=notice": 2,
        "level=warning": 2, "level=critical": 0, "audience=healthcare-security": 4, "audience=civil-affairs": 0, "year=2024": 2, "year=2025": 2,
        "state=closed": 0, "state=": 4, "region=suzhou&level=warning&year=2024": 1, "region=nowhere": 4,
    }  # fmt: skip
    assert {query: matching(operator, query) for query in expected} == expected


@pytest.mark.parametrize(
    ("verb", "state", "told"),
    [
        ("acknowledge", "acknowledged", {"comment": "seen"}),
        ("assign", "acknowledged", {"comment": "seen", "assignee": "wang"}),
        ("comment", "open", {"comment": "seen"}),
        ("close", "resolved", {"comment": "seen"}),
    ],
)
def test_an_action_is_an_event_and_shows_at_once(place: Site, operator: Browser, verb: str, state: str, told: dict[str, str]) -> None:
    """A conflicting duplicate that is closed is resolved by monitoring."""
    token = place.token("warning", DUPLICATE)
    page = operator.send(f"/warnings/{token}", verb=verb, episode="1", comment=" seen\n", assignee="wang")
    record, *others = place.embedded.kafka.records(ACTIONS)
    event = orjson.loads(record.value or b"")
    assert (others, record.partition, record.key) == ([], place.lane(PERSON), PERSON.encode())
    assert event["source"] == "/medaid/console"
    about = {"warning_id": DUPLICATE, "episode": 1, "kind": "conflicting_duplicate", "region": REGION, "year": 2025, "subject": PERSON}
    assert event["data"] == {**about, "operator": "local:li", **told}
    assert f'<span class="tag {state}">' in page
    assert "li, " in text_of(page)


def test_an_action_needs_no_words(place: Site, operator: Browser) -> None:
    """And a warning may be given to nobody."""
    address = f"/warnings/{place.token('warning', DUPLICATE)}"
    assert "→ wang" in text_of(operator.send(address, verb="assign", episode="1", assignee="wang"))
    assert "→ 无" in text_of(operator.send(address, verb="assign", episode="1", assignee=""))
    operator.send(address, verb="acknowledge", episode="1")


@pytest.mark.parametrize(
    "form", [{"verb": "comment"}, {"verb": "close", "episode": "0"}, {"verb": "close", "episode": "x"}, {"verb": "comment", "comment": "x" * 2001},
             {"verb": "assign", "assignee": "x" * 129}, {"verb": "comment", "comment": "a\u202e"}, {"verb": "assign", "assignee": "wang\u202e"}],
)  # fmt: skip
def test_an_action_that_cannot_be_used_is_not_written(place: Site, operator: Browser, form: dict[str, str]) -> None:
    operator.send(f"/warnings/{place.token('warning', DUPLICATE)}", 400, **{"episode": "1", **form})
    assert place.embedded.kafka.records(ACTIONS) == []


def test_an_action_on_nothing_is_not_written(place: Site, operator: Browser) -> None:
    operator.send(f"/warnings/{place.token('warning', DUPLICATE + 'x')}", 404, verb="close", episode="1")
    operator.send(f"/warnings/{place.token('warning', DUPLICATE)}", 404, verb="delete", episode="1")
    assert place.embedded.kafka.records(ACTIONS) == []


def unmasked(place: Site, operator: Browser) -> str:
    """The address of the claim's page, its person unmasked."""
    token = place.token("person", PERSON)
    operator.send(f"/persons/{token}/unmask")
    return f"/persons/{token}/claims/{place.token('claim', KEY)}"


@pytest.mark.parametrize(
    ("query", "assistance"),
    [
        ("category=extreme_poverty", "5,000.01"),  # class A: all of it, no deductible
        ("category=-", "0.00"),  # no status, no entitlement
        ("category=subsistence_allowance", "4,000.01"),  # class B: 80% of 5,000.01, 4,000.008 half up
        ("day=2025-01-04", "0.00"),  # as long a stay, from 2024-12-17 on, over the day before the grant
        ("day=2025-01-05", "2,100.01"),  # it touches the day of the grant
    ],
)
def test_what_if_says_what_it_would_have_been(place: Site, operator: Browser, query: str, assistance: str) -> None:
    page = text_of(operator.get(f"{unmasked(place, operator)}?{query}", **EN))
    found = re.search(r"It would have been Assistance ([\d,.]+)", page)
    assert found
    assert found.group(1) == assistance


def test_what_if_leaves_the_ledger_alone(place: Site, operator: Browser) -> None:
    before = [record.value for record in place.embedded.kafka.records(RESULTS)]
    operator.get(f"{unmasked(place, operator)}?category=extreme_poverty&day=2024-02-03")
    assert [record.value for record in place.embedded.kafka.records(RESULTS)] == before


@pytest.mark.parametrize("query", ["category=king", "day=2025-02-30", "day=x"])
def test_what_if_of_nothing_reckons_nothing(place: Site, operator: Browser, query: str) -> None:
    page = operator.get(f"{unmasked(place, operator)}?{query}", **EN)
    assert "It would have been" not in page


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", ["救助 2100.01 元", "（五）3", "起付"]), ("en", ["direct assistance", "（五）3", "3000.01 x 70% -> 2100.01"])],
)
def test_a_claim_is_explained_with_its_clauses(place: Site, operator: Browser, lang: str, words: list[str]) -> None:
    page = text_of(operator.get(unmasked(place, operator), **LANGUAGES[lang]))
    assert [word for word in words if word not in page] == []


@pytest.mark.parametrize("topic", [TIMELINES, RESULTS])
def test_a_claim_is_not_explained_without_a_record_that_is_gone(
    place: Site, operator: Browser, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    """Compacted away, its successor not read yet: with no status, or another claim missing, it would be explained wrongly."""
    address, kept = unmasked(place, operator), place.outside.record

    async def gone(partition: TopicPartition, offset: int) -> Record | None:
        return None if partition.topic == topic else await kept(partition, offset)

    operator.get(address)
    monkeypatch.setattr(place.outside, "record", gone)
    page = operator.get(address, 503, **EN)
    assert "Not available just now" in page
    assert "entitlement" not in page
    operator.get(f"/persons/{place.token('person', PERSON)}", 503 if topic == TIMELINES else 200)


def replayed(place: Site, operator: Browser) -> str:
    """Unmask the letter of impossible amounts, send it as it is, which is refused, and mended; what was sent."""
    address = f"/letters/{place.letter(0)}"
    page = operator.send(f"{address}/unmask")
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    payload = html.unescape(found.group(1))
    assert "仍会被拒收，invalid_amounts" in text_of(operator.send(f"{address}/replay", payload=payload))
    assert len(place.embedded.kafka.records(CLAIMS)) == 4
    mended = payload.replace("17000.00", "7000.00")
    assert "已重放，现位于" in operator.send(f"{address}/replay", payload=mended)
    return mended


def test_a_mended_letter_is_sent_to_its_home_and_settled(place: Site, operator: Browser) -> None:
    mended = replayed(place, operator)
    sent = place.embedded.kafka.records(CLAIMS)[-1]
    assert (sent.partition, sent.value) == (place.lane(PERSON), mended.encode())
    told = place.audited()[-1]
    assert told == {
        "verb": "replayed", "operator": "local:li", "client": "10.1.2.3", "letter": told["letter"], "place": f"{CLAIMS}/{place.lane(PERSON)}",
        "mended": True, "sha256": hashlib.sha256(mended.encode()).hexdigest(), "source": f"/hospitals/{HOSPITAL}", "person_id": PERSON,
        "event_id": orjson.loads(mended)["id"], "with_headers": True,
    }  # fmt: skip
    assert "S-88991" in operator.send(f"/persons/{place.token('person', PERSON)}/unmask"), "settled"


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (PERSON, "P-OTHER-7", "person_id"), ("S-88991", "S-77777", "claim_id"), (f'"hospital_id":"{HOSPITAL}"', '"hospital_id":"H-1"', "hospital_id"),
        ("hospital.claim.submitted.v1", "hospital.claim.reversed.v1", "type"), (f'"source":"/hospitals/{HOSPITAL}"', '"source":"/hospitals/H-1"', "source"),
        ('"id":"E-1"', '"id":"E-77"', "id"),
    ],
)  # fmt: skip
def test_another_event_is_no_mending(place: Site, operator: Browser, before: str, after: str, named: str) -> None:
    address = f"/letters/{place.letter(0)}"
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", operator.send(f"{address}/unmask"), re.DOTALL)
    assert found
    payload = html.unescape(found.group(1)).replace("17000.00", "7000.00")
    assert before in payload
    told = text_of(operator.send(f"{address}/replay", payload=payload.replace(before, after)))
    assert f"不同之处：{named}" in told
    assert len(place.embedded.kafka.records(CLAIMS)) == 4


def test_a_letter_is_sent_only_while_it_is_unmasked(place: Site, operator: Browser) -> None:
    operator.send(f"/letters/{place.letter(0)}/replay", 403, payload="{}")
    assert len(place.embedded.kafka.records(CLAIMS)) == 4


def test_pages_tell_that_figures_may_be_behind(place: Site, operator: Browser) -> None:
    note = "正在重建或追赶"
    assert note not in operator.get("/health")
    place.app.state.room = type(place.room)(
        **{**{name: getattr(place.room, name) for name in place.room.__slots__}, "is_current": lambda: False}
    )
    assert note in operator.get("/health")


def test_an_empty_site_has_all_its_pages(users_folder: Path) -> None:
    with site(users_folder, lambda: [ConsoleService(policies())]) as made, browser(made) as somebody:
        somebody.log_in("li")
        for path in ("/warnings", "/cities", f"/cities/{REGION}?year=1999", "/health", f"/persons/{made.token('person', 'P1')}"):
            somebody.get(path)


def test_hospitals_are_held_against_the_line_of_their_decree(place: Site, operator: Browser) -> None:
    """2,900.00 of 15,000.01 stay with the person: 19.33%, over the 10% of 连（八）."""
    page = text_of(operator.get(f"/cities/{REGION}", **EN))
    assert f"{HOSPITAL} 19.33% over 1 2,900.00 15,000.01 1 2,100.01" in page
    assert CLAIM not in page


def test_where_no_decree_draws_a_line_hospitals_are_listed_without(place: Site, operator: Browser) -> None:
    """长春's decree sets none."""
    place.feed(settled("C1", "10.00", region="changchun"))
    page = text_of(operator.get("/cities/changchun?year=2025", **EN))
    assert "hospital claims assistance, yuan H1 1 0.00" in page
    assert "ratio" not in page
