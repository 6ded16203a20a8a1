"""The laboratory's page: a form of the policy's figures, one run at a time, cancelled or failed it is told; sums only, the same figures as the command's."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import RESULTS, TIMELINES
from services.console import neighbours as asked
from services.console.adapters.outside import Neighbours
from services.console.web.reforms import Laboratory
from services.ledger.reform.given import from_patch, today
from services.ledger.reform.wishes import Wish
from services.runtime.errors import Doubt
from tests.unit.console.site import Browser, Site, browser, site, text_of
from tests.unit.console.story import KEY, PERSON, REGION, day
from tests.unit.ledger.reform.laboratory import POLICIES, outcome

FIGURE = "figure:benefits.direct.rate.class_percent.C"
PAGE = f"/reforms/{REGION}"

Reform = Callable[[bytes], Awaitable[bytes]]


def on_ledger(place: Site, folder: Path) -> Reform:
    """The laboratory itself, over what the embedded services have written."""

    async def reform(wish: bytes) -> bytes:
        told = Wish.model_validate(orjson.loads(wish))
        path = folder / "ledger.jsonl"
        records = [record for topic in (RESULTS, TIMELINES) for record in place.embedded.kafka.records(topic)]
        path.write_bytes(b"".join((record.value or b"") + b"\n" for record in records))
        return orjson.dumps(outcome(path, [from_patch(today(POLICIES, told.region), told.patch())], told.year).summary)

    return reform


def with_reform(place: Site, reform: Reform | None) -> None:
    """Let that be the laboratory."""
    place.app.state.room = replace(place.room, neighbours=Neighbours(reform=reform))


@pytest.fixture
def planner(place: Site, tmp_path: Path) -> Iterator[Browser]:
    """A planner, at a console whose ledger is that of the embedded services."""
    with_reform(place, on_ledger(place, tmp_path))
    with browser(place) as somebody:
        yield somebody.log_in("gui")


def tried(somebody: Browser, status: int = 200, **fields: str) -> str:
    """What the page says once something was tried."""
    page = somebody.send(PAGE, status, **{"year": "2025", **fields})
    until_s = time.monotonic() + 20
    while "正在试算" in page and time.monotonic() < until_s:
        page = somebody.get(f"{PAGE}?year=2025")
    assert "reform-running" not in page
    return page


def test_a_planner_begins_with_the_form_of_the_figures(place: Site, planner: Browser) -> None:
    page = planner.get("/")
    assert '<a href="/reforms" aria-current="page">' in page
    assert f'href="{PAGE}"' in page
    text = text_of(planner.get(f"{PAGE}?year=2025"))
    assert "年度起付标准 limit_yuan C 2000 元" in text
    assert "rounding" in text
    assert 'name="figure:benefits.direct.rate.class_percent.C"' in planner.get(PAGE)


def test_the_same_numbers_as_the_command_in_sums_alone(place: Site, planner: Browser, tmp_path: Path) -> None:
    page = tried(planner, **{FIGURE: "80"})
    case = from_patch(today(POLICIES, REGION), Wish(region=REGION, figures={"benefits.direct.rate.class_percent.C": "80"}).patch())
    total = outcome(tmp_path / "ledger.jsonl", [case], 2025).summary["reforms"][0]["total"]
    assert total["difference"] != "0.00"
    text = text_of(page)
    for name in ("now", "then"):
        assert f"{int(total[name].partition('.')[0]):,}.{total[name].partition('.')[2]}" in text
    assert "benefits.direct.rate.class_percent.C（医疗救助）：由 自2023-01-01起 70 改为 自2023-01-01起 80" in text
    assert "<svg" in page
    assert [word for word in (PERSON, KEY, "化名") if word in page] == []


def test_the_audit_is_told_what_is_tried_before_it_begins(place: Site, planner: Browser) -> None:
    tried(planner, **{FIGURE: "80", "reading:rounding": "down"})
    assert place.audited()[-1] == {
        "verb": "policy_tried", "operator": "local:gui", "client": "10.1.2.3", "region": REGION, "year": 2025,
        "changed": ["benefits.direct.rate.class_percent.C", "rounding"],
    }  # fmt: skip


def test_what_the_audit_cannot_be_told_is_not_tried(place: Site, planner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bytes] = []

    async def reform(wish: bytes) -> bytes:
        begun.append(wish)
        return b"{}"

    async def away(_: object) -> str:
        raise Doubt("kafka: away")

    with_reform(place, reform)
    monkeypatch.setattr(place.outside, "send", away)
    assert "未能算完：kafka: away" in text_of(tried(planner, **{FIGURE: "80"}))
    assert begun == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "没有改动任何数字或解读"),
        ({FIGURE: "much"}, "benefits.direct.rate.class_percent.C: 一个数"),
        ({FIGURE: "700"}, "benefits.direct.rate.class_percent.C"),
        ({"reading:rounding": "sideways"}, "rounding"),
    ],
)
def test_what_cannot_stand_in_the_policy_is_told_and_nothing_begins(
    place: Site, planner: Browser, fields: dict[str, str], told: str
) -> None:
    page = planner.send(PAGE, 400, year="2025", **fields)
    assert told in text_of(page)
    assert [event["verb"] for event in place.audited()] == ["logged_in"]
    if FIGURE in fields:
        assert f'value="{fields[FIGURE]}"' in page, "what was typed is not lost"


def test_one_at_a_time_until_it_is_cancelled(place: Site, planner: Browser) -> None:
    ended: list[str] = []

    async def endless(_: bytes) -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")
        return b""

    with_reform(place, endless)
    page = planner.send(PAGE, year="2025", **{FIGURE: "80"})
    assert "正在试算" in text_of(page)
    assert "一次只能算一个" in text_of(planner.send(PAGE, 409, year="2025", **{FIGURE: "81"}))
    page = planner.send(f"{PAGE}/cancel")
    assert "正在试算" not in text_of(page)
    assert ended == ["ended"]


@pytest.mark.parametrize(("error", "shown"), [(Doubt("kafka: away"), "kafka: away"), (ZeroDivisionError("P1"), "ZeroDivisionError")])
def test_what_failed_is_told_without_a_word_of_anybody(place: Site, planner: Browser, error: Exception, shown: str) -> None:
    async def fails(_: bytes) -> bytes:
        raise error

    with_reform(place, fails)
    page = tried(planner, **{FIGURE: "80"})
    assert f"未能算完：{shown}" in text_of(page)
    assert "P1" not in page


def test_where_there_is_no_ledger_nothing_can_be_tried(place: Site, planner: Browser) -> None:
    with_reform(place, None)
    page = planner.get(PAGE)
    assert "没有可以试算的账本" in text_of(page)
    planner.send(PAGE, 404, year="2025", **{FIGURE: "80"})


def test_a_run_that_takes_too_long_is_ended(place: Site, planner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(_: bytes) -> bytes:
        await asyncio.sleep(60)
        return b""

    monkeypatch.setattr("services.console.web.reforms.RUN_S", 0.2)
    with_reform(place, endless)
    assert "not done after" in text_of(tried(planner, **{FIGURE: "80"}))


def test_a_site_that_ends_ends_what_is_tried(users_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself: a test's loop would end it, too, that of a site goes on with the lanes."""
    ended: list[str] = []
    cancel = Laboratory.cancel
    monkeypatch.setattr(Laboratory, "cancel", lambda laboratory: (ended.append("told"), cancel(laboratory)))

    async def endless(_: bytes) -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")
        return b""

    with site(users_folder, known=Neighbours(reform=endless)) as place:
        with browser(place.feed(*day())) as somebody:
            assert "正在试算" in somebody.log_in("gui").send(PAGE, year="2025", **{FIGURE: "80"})
        assert ended == ["told", "ended"]


@pytest.mark.parametrize(
    ("program", "told"),
    [("import sys; sys.exit('no result of suzhou in kafka')", "no result of suzhou in kafka"), ("import os; os._exit(3)", "status 3")],
)
def test_a_process_that_failed_is_heard(monkeypatch: pytest.MonkeyPatch, program: str, told: str) -> None:
    monkeypatch.setattr(asked, "REFORM", (sys.executable, "-c", program))
    with pytest.raises(Doubt) as failed:
        asyncio.run(asked.reform(b"{}"))
    assert str(failed.value) == told


def test_a_process_gets_the_wish_and_gives_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "REFORM", (sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read()[::-1])"))
    assert asyncio.run(asked.reform(b"abc")) == b"cba"


def test_a_cancelled_process_and_those_that_it_started_are_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = f"import os, time; child = os.fork(); open({str(started)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    monkeypatch.setattr(asked, "REFORM", (sys.executable, "-c", program))

    async def cancelled() -> None:
        task = asyncio.create_task(asked.reform(b"{}"))
        await asyncio.to_thread(_wait_for, lambda: started.exists() and len(started.read_text().splitlines()) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancelled(), 30))
    for number in map(int, started.read_text().splitlines()):
        _wait_for(lambda number=number: not _lives(number))


def _wait_for(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def _lives(number: int) -> bool:
    """Whether a process runs; one that nobody has reaped does not."""
    try:
        os.kill(number, 0)
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
