"""Refused records sent again from the pages: by two operators where the letter does not say whose they are, once a letter, nothing forged."""

import asyncio
import html
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemas.catalogue import CLAIMS, RESULTS, dead_letters_of
from services.console.web.users import entry
from services.runtime.errors import Doubt
from services.runtime.records import Record
from tests.unit.console.site import PASSWORD, Browser, Site, browser, site, text_of
from tests.unit.console.story import HOSPITAL, PERSON, claim, granted
from tests.unit.monitoring.world import Event

GOOD = claim(number="S-90001").value


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """A site of two operators, on which a claim that is no JSON was refused."""
    users = "".join(entry(name, ["operator"], PASSWORD) + "\n" for name in ("li", "wang"))
    (tmp_path / "users").write_text(users, "utf-8")
    with site(tmp_path) as made:
        yield made.feed(granted(), Event(CLAIMS, PERSON, b"garbage"))


@pytest.fixture
def both(place: Site) -> Iterator[tuple[Browser, Browser]]:
    """The two operators; each has unmasked the letter."""
    with ExitStack() as open_ones:
        people = [open_ones.enter_context(browser(place)).log_in(name) for name in ("li", "wang")]
        for one in people:
            one.send(f"/letters/{letter(place)}/unmask")
        yield people[0], people[1]


def letter(place: Site, number: int = 0) -> str:
    """The token of a refused claim."""
    record = place.embedded.kafka.records(dead_letters_of(CLAIMS))[number]
    return place.token("letter", f"{record.topic}|{record.partition}|{record.offset}")


def send(place: Site, somebody: Browser, payload: bytes, status: int = 200) -> str:
    """Send the letter's record again with this payload; what a reader reads then."""
    return text_of(somebody.send(f"/letters/{letter(place)}/replay", status, payload=payload.decode()))


def sent(place: Site) -> list[bytes | None]:
    """What lies in the topic of claims besides what came first."""
    return [record.value for record in place.embedded.kafka.records(CLAIMS)][1:]


def told(place: Site, *verbs: str) -> list[dict[str, object]]:
    """What the audit has of these kinds."""
    return [event for event in place.audited() if event["verb"] in verbs]


def test_nobody_makes_money_of_garbage_alone(place: Site, both: tuple[Browser, Browser]) -> None:
    li, _ = both
    assert "已提请复核" in send(place, li, GOOD)
    assert "须由另一名经办人发送" in send(place, li, GOOD)
    assert sent(place) == []
    assert place.embedded.kafka.records(RESULTS) == []
    (proposed,) = told(place, "proposed", "replayed")
    assert (proposed["operator"], proposed["person_id"], proposed["source"]) == ("local:li", PERSON, f"/hospitals/{HOSPITAL}")
    assert sorted(proposed["named"]) == ["claim_id", "hospital_id", "id", "person_id", "source", "type"]  # type: ignore[call-overload]


def test_a_second_operator_sends_what_the_first_proposed_and_nothing_else(place: Site, both: tuple[Browser, Browser]) -> None:
    li, wang = both
    send(place, li, GOOD)
    assert "已提请复核" in send(place, wang, GOOD.replace(b"18000.00", b"28000.00")), "that is a proposal of his own"
    assert sent(place) == []
    page = send(place, wang, GOOD)
    assert "已重放，现位于" in page
    assert "提请人 local:li" in page
    assert sent(place) == [GOOD]
    first, _, second = told(place, "proposed", "replayed")
    assert (first["sha256"], first["person_id"]) == (second["sha256"], second["person_id"])
    assert (second["operator"], second["proposed_by"]) == ("local:wang", "local:li")
    assert len(place.embedded.kafka.records(RESULTS)) == 1


def test_once_a_letter(place: Site, both: tuple[Browser, Browser]) -> None:
    """An unreadable letter is no mint: another claim in its place is not sent, were it proposed by both; the same again is, and pays nothing."""
    li, wang = both
    other = GOOD.replace(b"S-90001", b"S-90002")
    send(place, li, other)
    send(place, li, GOOD)
    send(place, wang, GOOD)
    assert "已经重放过" in send(place, wang, other)
    assert sent(place) == [GOOD]
    assert "已重放，现位于" in send(place, li, GOOD)
    assert sent(place) == [GOOD, GOOD]
    assert len(place.embedded.kafka.records(RESULTS)) == 1


def test_what_was_told_and_not_sent_may_be_sent(place: Site, both: tuple[Browser, Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka goes away between the audit and the record: nobody is barred, and nothing else goes."""
    li, wang = both
    send(place, li, GOOD)
    whole = place.outside.send

    async def half(record: Record) -> str:
        if record.topic == CLAIMS:
            raise Doubt("kafka is away")
        return await whole(record)

    monkeypatch.setattr(place.outside, "send", half)
    send(place, wang, GOOD, 503)
    monkeypatch.setattr(place.outside, "send", whole)
    assert (sent(place), len(told(place, "replayed"))) == ([], 1)
    assert "已经重放过" in send(place, wang, GOOD.replace(b"18000.00", b"28000.00"))
    assert "已重放，现位于" in send(place, li, GOOD)
    assert sent(place) == [GOOD]


def test_of_two_at_the_same_time_the_first_that_was_told_is_sent(
    place: Site, both: tuple[Browser, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second had looked before the first had told: he finds out when he has told it himself."""
    li, wang = both
    place.feed(claim(number="S-90003", basic_paid="17000.00"))
    token = letter(place, 1)
    whole, pages = place.outside.send, []
    for one in both:
        one.send(f"/letters/{token}/unmask")
    mended = claim(number="S-90003").value.decode()

    async def late(record: Record) -> str:
        monkeypatch.setattr(place.outside, "send", whole)
        answer = await asyncio.to_thread(wang.send, f"/letters/{token}/replay", payload=mended.replace("18000.00", "18000.55"))
        pages.append(text_of(answer))
        return await whole(record)

    monkeypatch.setattr(place.outside, "send", late)
    pages.append(text_of(li.send(f"/letters/{token}/replay", payload=mended)))
    assert ["已重放，现位于" in page for page in pages] == [True, False]
    assert "已经重放过，只能原样再发；当时由 local:wang" in pages[1]
    assert [b"18000.55" in (value or b"") for value in sent(place)[1:]] == [True]


def test_while_the_console_has_not_seen_what_was_told_nothing_is_sent(
    place: Site, both: tuple[Browser, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lanes are behind: what somebody else told before is perhaps not seen either."""
    li, wang = both
    send(place, li, GOOD)
    whole = place.outside.send

    async def unseen(record: Record) -> str:
        lies = place.outside._publish(record)
        return f"{lies.topic}/{lies.partition}/{lies.offset}"

    monkeypatch.setattr("services.console.web.mending.STANDS_S", 0.2)
    monkeypatch.setattr(place.outside, "send", unseen)
    send(place, wang, GOOD, 503)
    monkeypatch.setattr(place.outside, "send", whole)
    assert sent(place) == []
    place.feed()
    assert "已重放，现位于" in send(place, wang, GOOD)


def test_a_source_that_was_refused_is_not_changed(place: Site, both: tuple[Browser, Browser]) -> None:
    """Were they two: the letter says who sent it."""
    wrong = claim(number="S-90004").value.replace(f"/hospitals/{HOSPITAL}".encode(), b"/hospitals/H-1")
    place.feed(Event(CLAIMS, PERSON, wrong))
    token = letter(place, 1)
    for one in both:
        page = one.send(f"/letters/{token}/unmask")
        payload = html.unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[0])
        assert payload.encode() == wrong
        mended = payload.replace("/hospitals/H-1", f"/hospitals/{HOSPITAL}")
        assert "不同之处：source" in text_of(one.send(f"/letters/{token}/replay", payload=mended))
    assert told(place, "proposed", "replayed") == []


def test_what_was_told_of_a_letter_is_healed(place: Site, both: tuple[Browser, Browser]) -> None:
    """A lost view forgets no proposal and no replay."""
    li, wang = both
    send(place, li, GOOD)
    place.embedded.views["console"].lose()
    asyncio.run(place.embedded.start())
    assert "已重放，现位于" in send(place, wang, GOOD)
    place.embedded.views["console"].lose()
    asyncio.run(place.embedded.start())
    assert "已经重放过" in send(place, li, GOOD.replace(b"18000.00", b"28000.00"))
