"""The ledger verified from the page of health: told before it begins and when it ends; what fails is shown to those who may begin it."""

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.catalogue import AUDIT
from services.console import neighbours as asked
from services.console.adapters.outside import Neighbours
from services.runtime.errors import Doubt
from services.runtime.records import Record
from tests.unit.console.site import Browser, Site, browser, site, text_of


def verified(place: Site, somebody: Browser) -> str:
    """What the page of health says once a verification has ended."""
    page = somebody.send("/health/verify")
    until_s = time.monotonic() + 10
    while "正在核对" in page and time.monotonic() < until_s:
        page = somebody.get("/health")
    assert "正在核对" not in page
    return text_of(page)


def told(place: Site) -> list[str]:
    """The verbs of the audit, without the login."""
    return [event["verb"] for event in place.audited() if event["verb"] != "logged_in"]


def test_the_ledger_is_verified_and_its_outcome_told(place: Site, operator: Browser) -> None:
    assert "还没有" in text_of(operator.get("/health"))
    assert "无差异" in verified(place, operator)
    assert place.audited()[-2:] == [
        {"verb": "verifying", "operator": "local:li", "client": "10.1.2.3"},
        {"verb": "verified", "operator": "local:li", "client": "10.1.2.3", "differences": 0},
    ]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (Doubt("status 5, kafka: away"), "核对未能完成：status 5, kafka: away"),
        (ZeroDivisionError("P1"), "核对未能完成：ZeroDivisionError"),
    ],
)
def test_a_verification_that_failed_is_shown_and_was_told(users_folder: Path, error: Exception, shown: str) -> None:
    async def fails() -> int:
        raise error

    with site(users_folder, known=Neighbours(verify=fails)) as place, browser(place) as operator, browser(place) as viewer:
        assert shown in verified(place, operator.log_in("li"))
        assert "核对未能完成" not in text_of(viewer.log_in("kan").get("/health"))
        assert told(place) == ["verifying"]
        place.app.state.room = replace(place.room, neighbours=Neighbours(verify=nothing_wrong))
        assert "核对未能完成" not in verified(place, operator)


async def nothing_wrong() -> int:
    """A ledger without differences."""
    return 0


def test_what_the_audit_cannot_be_told_is_not_verified(place: Site, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []

    async def check() -> int:
        begun.append(True)
        return 0

    async def away(record: Record) -> str:
        assert record.topic == AUDIT
        raise Doubt("kafka: away")

    place.app.state.room = replace(place.room, neighbours=Neighbours(verify=check))
    monkeypatch.setattr(place.outside, "send", away)
    assert "核对未能完成：kafka: away" in verified(place, operator)
    assert begun == []


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import sys; sys.stderr.write('one\\ntwo: kafka away\\n'); sys.exit(5)", "status 5, two: kafka away"),
        ("import sys; sys.exit(1)", "status 1"),
    ],
)
def test_a_child_that_failed_is_heard(monkeypatch: pytest.MonkeyPatch, program: str, expected: str) -> None:
    monkeypatch.setattr(asked, "VERIFY", (sys.executable, "-c", program))
    with pytest.raises(Doubt) as failed:
        asyncio.run(asked.verify())
    assert str(failed.value) == expected


def test_a_child_that_found_differences_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number."""
    monkeypatch.setattr(asked, "VERIFY", (sys.executable, "-c", "print(2)"))
    assert asyncio.run(asked.verify()) == 2
