"""The real services (identity, settlement, monitoring) on the embedded default, each event at rest before the next counts, as `medaid replay` has it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from schemas.catalogue import WARNINGS
from services.embedded.worked_table import Row
from services.ledger.services import all_services
from services.policy.library import Policies
from services.runtime.embedded import Embedded
from tests.monitoring.table import Sent
from tests.unit.monitoring.world import FOLLOW_THE_ORDER, Data, checked

PARTITIONS = 2


class Watched:
    """The services at work, and what monitoring says.

    Attributes:
        said: Every warning's record so far, with its `verb`.
        values: The same as bytes.
        refused: Dead letters of other reasons than that a claim was sent again with other content.
    """

    def __init__(self, policies: Policies) -> None:
        self.embedded = Embedded(all_services(policies), PARTITIONS, keeps_records=True)
        self.said: list[Data] = []
        self.values: list[bytes | None] = []
        self.refused: list[bytes | None] = []
        asyncio.run(self.embedded.start())

    def see(self, events: Iterable[Sent]) -> list[Data]:
        """What monitoring says to `events`, one after the other."""
        before = len(self.said)
        asyncio.run(self._see(events))
        return self.said[before:]

    async def _see(self, events: Iterable[Sent]) -> None:
        for event in events:
            self.embedded.publish(event.topic, event.key, event.value)
            await self.embedded.settle()
            for record in self.embedded.drain():
                if record.topic == WARNINGS:
                    self.said.append(checked(record))
                    self.values.append(record.value)
                elif record.topic.endswith(".dlq") and b"conflicting_duplicate" not in (record.value or b""):
                    self.refused.append(record.value)

    def lose(self) -> None:
        """Take monitoring's view away."""
        self.embedded.views["monitoring"].lose()

    def known(self) -> Mapping[str, Mapping[str, bytes]]:
        """The documents of monitoring's view."""
        return self.embedded.views["monitoring"].snapshot().documents

    def open(self) -> dict[str, Data]:
        """The open warnings' newest records."""
        return opened(self.said)


def opened(said: Iterable[Data]) -> dict[str, Data]:
    """The newest records of the warnings that are open after `said`."""
    found: dict[str, Data] = {}
    for data in said:
        if data["verb"] == "resolved":
            del found[data["warning_id"]]
        else:
            found[data["warning_id"]] = data
    return found


def of_facts(found: Mapping[str, Data]) -> dict[str, tuple[str, str, str]]:
    """Level, measure and threshold of open warnings, but for the kinds that follow the order of events."""
    return {
        name: (data["level"], data["measure"]["value"], data["threshold"]["value"])
        for name, data in found.items()
        if data["kind"] not in FOLLOW_THE_ORDER
    }


def figures(found: Mapping[str, Data], case: Row) -> dict[str, str]:
    """Open warnings of the case's kind as a table writes them: `subject/year[/detail]`, another region before it; level, measure and threshold."""
    return dict(_figures(found, case))


def _figures(found: Mapping[str, Data], case: Row) -> Iterator[tuple[str, str]]:
    for name, data in found.items():
        if data["kind"] == case["kind"]:
            place = name.removeprefix(f"{data['kind']}/{data['region']}/")
            elsewhere = "" if data["region"] == case["region"] else f"{data['region']}: "
            yield f"{elsewhere}{place}", f"{data['level']} {data['measure']['value']} of {data['threshold']['value']}"


def told(said: Iterable[Data], case: Row) -> list[str]:
    """The records of the case's kind as a table writes them: verb, level, episode."""
    return [f"{data['verb']} {data['level']} {data['episode']}" for data in said if data["kind"] == case["kind"]]
