"""What the doctor says of a site's policy files: each fault, and whether services were started with others."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.console.settings import ConsoleSettings
from services.doctor.decrees import files, running, thresholds
from services.doctor.findings import Level
from services.doctor.site import Site
from services.policy.library import SHIPPED, load_policies
from services.runtime.rules import FAULTY, key_of

EDITIONS = load_policies().editions()


class Kept:
    """A Redis that holds what services were started with; asked for a hash, nothing else."""

    def __init__(self, by_service: Mapping[str, Mapping[str, str]]) -> None:
        self._hashes = {key_of("site.", service): kept for service, kept in by_service.items()}
        self.calls = self

    async def ask(self, command: str, key: str) -> dict[bytes, bytes]:
        """As `services.doctor.store.Calls`, whose client makes a mapping of a hash."""
        assert command == "HGETALL"
        return {name.encode(): value.encode() for name, value in self._hashes.get(key, {}).items()}


def site(folder: Path | None = None) -> Site:
    """A site with these policies."""
    return Site(ConsoleSettings.from_env({"MEDAID_PREFIX": "site.", "MEDAID_POLICIES": str(folder or "")}))


def told(folder: Path | None, **kept: Mapping[str, str]) -> list[tuple[Level, str]]:
    """What is said of what services were started with."""
    store: Any = Kept(kept)
    return [(one.level, one.what) for one in asyncio.run(running(site(folder), store))]


def test_services_started_with_what_lies_here_are_ok() -> None:
    """So is one that was not started yet; and what had a fault is told by itself."""
    for kept in ({}, {"settlement": EDITIONS}, {"settlement": {**EDITIONS, "wuxi": FAULTY}, "console": EDITIONS}):
        ((level, _),) = told(None, **kept)
        assert level is Level.OK


def test_each_service_that_runs_with_others_is_told(tmp_path: Path) -> None:
    (tmp_path / "fifth.yaml").write_text((Path(__file__).parents[1] / "policy" / "fifth_city.yaml").read_text("utf-8"), "utf-8")
    (settlement, what), (console, other) = told(tmp_path, settlement=EDITIONS, console={**EDITIONS, "wuxi": "edition e"})
    assert (settlement, console) == (Level.WARN, Level.WARN)
    assert what.startswith("settlement was started last with other policies: north-haven_5: none, here: edition ")
    assert "wuxi: edition e, here: edition " in other


def test_each_fault_of_each_file_fails_and_the_other_regions_are_ok(tmp_path: Path) -> None:
    text = (SHIPPED / "wuxi.yaml").read_text("utf-8")
    (tmp_path / "wuxi.yaml").write_text(
        text.replace("\nstatus: in_force", "\nstatus: x").replace("certified_by: civil-affairs", "certified_by: no body")
    )
    found = asyncio.run(files(site(tmp_path)))
    fails = [one for one in found if one.level is Level.FAIL]
    assert len(fails) > 2
    assert all(one.what.startswith(f"{tmp_path}/wuxi.yaml:") for one in fails)
    assert [one.what.partition(":")[0] for one in found if one.level is Level.OK] == sorted(EDITIONS.keys() - {"wuxi"})


@pytest.mark.parametrize(("text", "level"), [("checked_on: 2026-11-01\n", Level.WARN), ("checked_on: x\n", Level.FAIL)])
def test_thresholds_of_the_sites_own_region(tmp_path: Path, text: str, level: Level) -> None:
    """Those that do not know its categories are told, faults fail."""
    (tmp_path / "wuxi.yaml").write_text((SHIPPED / "wuxi.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "wuxi.thresholds.yaml").write_text(text, "utf-8")
    found = asyncio.run(thresholds(site(tmp_path)))
    assert [one.level for one in found] == [level]
    assert "wuxi" in found[0].what
