"""The floor: a settlement worker without its rules, as fast as the rest allows. `python -m tests.bench.floor`, settings as of `medaid run`.

The same lanes, pump, parse, bookings, transactions, two scripts a batch, the same documents asked for; what it writes has been made before: for each claim the
bytes of one real result, and state of the size of a real one. Whatever a worker costs beyond it are the rules and what they need: state from bytes, a
settlement, its result as JSON, state to bytes.
"""

import asyncio
from collections.abc import Sequence

from schemas.catalogue import CLAIMS, RESULTS, TIMELINES
from schemas.hospital import ClaimSubmitted
from services.policy.library import load_policies
from services.runtime import logging
from services.runtime.embedded import Embedded
from services.runtime.pump import build_app, run_app
from services.runtime.records import Want, Writes
from services.runtime.redis_view import RedisView
from services.runtime.service import Documents, Emission, Holders
from services.runtime.settings import Settings
from services.settlement.adapters.documents import person_key, year_keys
from services.settlement.app import Incoming, SettlementService
from tests.bench.workload import YEAR, Workload

Events = Sequence[tuple[str, bytes]]


class Made:
    """What was made before: a real result, but for the claim's id in one place, and the state that it left."""

    claim_id = b"C000000001"

    def __init__(self) -> None:
        self.head, self.tail = b"", b""
        self.counters: dict[str, bytes] = {}
        self.record = b""
        work = Workload(persons=1, claims=2, regions=("wuxi",))
        asyncio.run(self._settle(list(work.timelines()), list(work.bills())))

    def result_of(self, claim_id: str) -> bytes:
        """The result as if it were another claim's."""
        return b"".join((self.head, claim_id.encode(), self.tail))

    async def _settle(self, timelines: Events, bills: Events) -> None:
        """Settle claims for real, and keep what came of the last one."""
        embedded = Embedded([SettlementService(load_policies())], partitions=1)
        await embedded.start()
        for topic, events in ((TIMELINES, timelines), (CLAIMS, bills)):
            for person, event in events:
                embedded.publish(topic, person, event)
        await embedded.settle()
        result = [record.value or b"" for record in embedded.drain() if record.topic == RESULTS][-1]
        self.head, _, self.tail = result.partition(self.claim_id)
        counters, claims = year_keys(person, "wuxi", YEAR)
        found = (await embedded.views["settlement"].peek(0, Want({counters: None, claims: None}))).documents
        self.counters = dict(found[counters])
        self.record = list(found[claims].values())[-1]


class FloorFold:
    """Decides nothing."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self._documents: dict[str, dict[str, bytes | None]] = {}

    def decide(self, event: Incoming) -> Sequence[Emission]:
        """What was made before."""
        data = event.data
        if not isinstance(data, ClaimSubmitted):
            self._documents[person_key(event.home)] = {"timeline": self._made.record}
            return ()
        counters, claims = year_keys(data.person_id, data.region, YEAR)
        self._documents[counters] = self._made.counters  # type: ignore[assignment]  # no field of it is None
        self._documents.setdefault(claims, {})[data.key] = self._made.record
        return (Emission(RESULTS, data.person_id, self._made.result_of(data.claim_id)),)

    def conclude(self, home: str) -> Sequence[Emission]:
        """Nothing is owed."""
        return ()

    def writes(self) -> Writes:
        """State of the size of a real one."""
        return Writes(self._documents)


class FloorService(SettlementService):
    """Settlement without a settlement."""

    def __init__(self) -> None:
        super().__init__(load_policies())
        self._made = Made()

    def fold(self, documents: Documents, holders: Holders) -> FloorFold:  # type: ignore[override]
        """A fold that decides nothing."""
        return FloorFold(self._made)


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings.from_env()
    logging.configure(settings)
    service = FloorService()
    run_app(build_app(service, settings, lambda lanes: RedisView.of(settings, service.name, service.format, lanes)))


if __name__ == "__main__":
    main()
