"""A town on the embedded default whose policy is exchanged while its ledger stays, reckoned anew and asked for as an operator would."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import RESULTS, TIMELINES
from services.embedded.replay import PARTITIONS, place_of
from services.identity.app import IdentityService
from services.ledger.readjudication.anew import Change
from services.ledger.readjudication.chosen import Scope
from services.ledger.readjudication.reckoning import Reckoning, reckon_kafka
from services.ledger.readjudication.requests import Asker
from services.policy.library import SHIPPED, Policies, load_policies
from services.policy.tree import Reading
from services.runtime.embedded import Embedded
from services.runtime.memory import MemoryBroker
from services.runtime.records import Record
from services.settlement.app import SettlementService

ASKER = Asker("cli:li", "ops-1", "limit of the year corrected", datetime(2026, 11, 28, 9, tzinfo=UTC))


class Town:
    """Identity and settlement at work in memory.

    Attributes:
        told: All results and timelines, in the order of commits.
    """

    def __init__(self, policies: Policies) -> None:
        self.embedded = Embedded([IdentityService(policies), SettlementService(policies)], PARTITIONS, keeps_records=True)
        self.policies = policies
        self.told: list[Record] = []

    async def settle(self, lines: Iterable[bytes]) -> "Town":
        """Settle input events, all of them published first."""
        for line in lines:
            place = place_of(line.rstrip())
            if place is not None:
                self.embedded.publish(*place, line.rstrip())
        await self.work()
        return self

    async def work(self) -> list[dict[str, Any]]:
        """Let the services work until they rest. Returns: the results that came of it."""
        await self.embedded.settle()
        new = self.embedded.drain()
        self.told += [record for record in new if record.topic in (RESULTS, TIMELINES)]
        return [orjson.loads(record.value or b"")["data"] for record in new if record.topic == RESULTS]

    def upgrade(self, policies: Policies) -> None:
        """Run on with other policies, as a new version of the services would."""
        self.policies = policies
        for seat in self.embedded._seats:
            vars(seat.lane.service)["_policies"] = policies

    @property
    def broker(self) -> MemoryBroker:
        """Settlement's."""
        return MemoryBroker(self.embedded.kafka, "settlement", PARTITIONS)

    async def reckon(self, scope: Scope, policies: Policies | None = None) -> tuple[Reckoning, list[Change]]:
        """The year anew under the policies that run, or under others."""
        changes: list[Change] = []
        reckoning = Reckoning(policies or self.policies, scope, changes.append)
        await reckon_kafka(reckoning, self.broker)
        return reckoning, changes

    def ask(self, records: Sequence[Record]) -> None:
        """Send requests; settlement has not come to them yet."""
        for record in records:
            self.embedded.publish(record.topic, (record.key or b"").decode(), record.value, partition=record.partition)

    def write(self, path: Path) -> Path:
        """The ledger as a file of output events."""
        path.write_bytes(b"".join((record.value or b"") + b"\n" for record in self.told))
        return path


def requests(reckoning: Reckoning) -> list[Record]:
    """What an operator would send."""
    return [ASKER.record(needed, PARTITIONS) for needed in reckoning.needed]


def city(folder: Path, region: str, change: str = "", switched: Mapping[str, Reading] | None = None) -> Policies:
    """One shipped city alone, with one figure changed, PATTERN -> NEW, its former file in `earlier/`; or read otherwise."""
    (folder / "earlier").mkdir(parents=True)
    text = (SHIPPED / f"{region}.yaml").read_text("utf-8")
    (folder / "earlier" / f"{region}.yaml").write_text(text, "utf-8")
    if change:
        pattern, _, new = change.partition(" -> ")
        text, count = re.subn(pattern, new, text, count=1)
        assert count == 1
    (folder / f"{region}.yaml").write_text(text, "utf-8")
    return load_policies(folder, {region: switched} if switched else None)
