"""Policies, readings and thresholds load, are those that the services run with, and the editions that the ledger stands under are at hand."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import orjson

from schemas.catalogue import RESULTS
from services.doctor.cluster import Cluster
from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site
from services.doctor.store import Store
from services.monitoring.adapters.threshold_files import load_thresholds
from services.policy.library import Policies
from services.policy.tree import PolicyError
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.rights import missing
from services.runtime.needs import reading
from services.runtime.records import Record, TopicPartition
from services.runtime.rules import FAULTY, Rules, changed, key_of

WINDOW: Final = 2_000
"""Results that are read at a time, from the ledger's end backwards."""

SHARE: Final = 0.6
"""Of its deadline a look at the ledger takes so much at most."""

_MEND: Final = "put its file into earlier/ of the folder of policies and start settlement anew, or ask for re-adjudication"


async def files(site: Site) -> Sequence[Finding]:
    """Each region's policy, under the readings of the site."""
    policies = site.policies
    if isinstance(policies, Finding):
        return [policies]
    mend = "mend the file (`medaid policy check` names every fault), then start the services anew"
    faults = [fail("policy", fault, mend) for region in policies.faulty for fault in policies.faulty[region]]
    right = [
        ok("policy", f"{region}: {', '.join(f'{one.file.valid_from} {one.edition}' for one in policies.current[region])}")
        for region in policies.regions()
    ]
    return [*faults, *right]


async def running(site: Site, store: Store) -> Sequence[Finding]:
    """Whether the services were started last with the policies that lie here."""
    policies = site.policies
    if isinstance(policies, Finding):
        return []
    found = []
    for service in site.services:
        fields = await store.calls.ask("HGETALL", key_of(site.settings.prefix, service))
        if not fields:  # not started yet, or Redis was lost since, or we have no right to it
            continue
        before = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in fields.items()}
        differences = changed(before, Rules(policies.editions(), policies.faulty).kept())
        told = "; ".join(f"{region}: {was}, here: {here}" for region, (was, here) in differences.items() if FAULTY not in (was, here))
        if told:
            mend = "start it anew, for it to settle by the files that lie here; deploy/README.md says what that does to running years"
            found.append(warn("policy.running", f"{service} was started last with other policies: {told}", mend))
    return found or [ok("policy.running", "no service is known to run with other policies than lie here")]


async def thresholds(site: Site) -> Sequence[Finding]:
    """Those of monitoring."""
    policies = site.policies
    if "monitoring" not in site.services or isinstance(policies, Finding):
        return []
    mend = "mend the file, or take it out of the folder for the shipped thresholds"
    try:
        loaded = load_thresholds(policies, spares=True)
    except PolicyError as error:
        return [fail("thresholds", fault, mend) for fault in str(error).splitlines()]
    faults = [fail("thresholds", fault, mend) for told in loaded.faulty.values() for fault in told]
    notes = [
        warn("thresholds", note, "a file of thresholds for the region, as docs/site-policies.md has it") for note in loaded.notes(policies)
    ]
    return [*faults, *notes] or [ok("thresholds", "those of monitoring load")]


async def editions(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Whether the policy of each person-year's newest result is at hand, as far back as the time allows."""
    policies, name = site.policies, site.settings.prefix + RESULTS
    if "settlement" not in site.services or isinstance(policies, Finding) or name not in cluster.topics:
        return []
    if await missing(cluster.connection, reading([name]), 0):
        return []  # the rights have told
    look = _Look(site, policies)
    await look.through([TopicPartition(RESULTS, one.number) for one in cluster.topics[name] if one.leader >= 0])
    found = [
        fail("editions", f"{region}: edition {edition} of {count:,} person-years is not at hand", _MEND)
        for (region, edition), count in sorted(look.gone.items())
    ]
    of = "the whole ledger was looked at" if look.is_whole else f"the ledger's newest {look.results:,} results were looked at"
    return found or [ok("editions", f"each of {len(look.known):,} person-years stands under an edition that is at hand; {of}")]


class _Look:
    """The ledger read backwards: of each person-year the newest result counts, which names the edition that it stands under."""

    def __init__(self, site: Site, policies: Policies) -> None:
        self._site = site
        self._policies = policies
        self.known: set[int] = set()
        self.gone: dict[tuple[str, str], int] = {}
        self.results = 0
        self.is_whole = True

    async def through(self, places: Sequence[TopicPartition]) -> None:
        """Look at `places` in turn, a window of each, until all is read or the time is over."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + SHARE * self._site.deadline_s
        broker = AioKafkaBroker("doctor", self._site.settings)
        try:
            ends = dict(await broker.ends(places))
            while any(ends.values()):
                for place, end in ends.items():
                    if end and loop.time() > until_s:
                        self.is_whole = False
                        return
                    ends[place] = max(0, end - WINDOW)
                    await self._window(broker, place, ends[place], end)
        finally:
            await broker.close()

    async def _window(self, broker: AioKafkaBroker, place: TopicPartition, start: int, stop: int) -> None:
        records: list[Record] = []
        async with aclosing(broker.read(place, start, stop)) as chunks:
            async for chunk in chunks:
                records += chunk.records
        for record in reversed(records):
            self._take(record)

    def _take(self, record: Record) -> None:
        """One result; what cannot be read is for `medaid ledger verify` to tell."""
        try:
            data = orjson.loads(record.value or b"")["data"]
            region, policy = str(data["region"]), data["policy"]
            place = hash((region, data["year"], data["person_id"]))
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return
        self.results += 1
        if place in self.known:
            return
        self.known.add(place)
        edition, readings = (None, {}) if policy is None else (str(policy["edition"]), policy["readings"])
        if not self._policies.has(region, edition, readings):
            at = (region, edition or "of none")
            self.gone[at] = self.gone.get(at, 0) + 1
