"""The rival: a Quix Streams worker that settles the same claims with its own means. `python -m tests.bench.quix`, settings as of `medaid run`.

Exactly-once, state in its own store with changelog topics; for each person the timeline, a year's counters and sequence, and every claim key with its
content, so that a claim sent again counts once, as with us. Parsing, checks, policy engine and results are called as a library. What it does not
do: claims in the wrong partition, late news, reversals, dead letters, one key used by two persons, explanations from a readable state.
"""

import logging
import os
import tempfile
from typing import Any

from quixstreams import Application
from quixstreams.state import State

from schemas.catalogue import CLAIM_TYPES, CLAIMS, RESULTS, TIMELINES, TYPES_BY_TOPIC
from schemas.envelope import read_event, write_event
from schemas.hospital import check_dates
from schemas.times import local_day
from services.policy.adjudicate import settle
from services.policy.entitlement import Status, status_of
from services.policy.library import load_policies
from services.policy.result import Revision, figures_data, result_data
from services.runtime.settings import Settings
from services.settlement.adapters.person_fields import status_in, timeline_bytes
from services.settlement.domain import check_amounts, year_of

POLICIES = load_policies()


def learn(value: bytes, state: State) -> None:
    """A timeline: kept as we keep it."""
    timeline: Any = read_event(value, (), TYPES_BY_TOPIC[TIMELINES], bytes_max=None).data
    state.set("timeline", timeline_bytes(status_of(timeline), timeline.revision).decode())


def decide(value: bytes, state: State) -> bytes | None:
    """A claim: checked, held against those that came before, settled, its result as we write it."""
    event: Any = read_event(value, (), CLAIM_TYPES)
    claim = event.data
    check_dates(claim, local_day(event.time_ns))
    check_amounts(POLICIES, claim)
    if state.exists(f"c/{claim.key}"):
        return None
    timeline = state.get("timeline")
    status = status_in(timeline.encode())[0] if timeline else Status()
    number = year_of(POLICIES, claim)
    year = state.get(f"y/{claim.region}/{number}") or {"counters": {}, "sequence": 0}
    settlement = settle(POLICIES.nearest(claim.region, claim.date), status, year["counters"], claim)
    sequence = year["sequence"] + 1
    state.set(f"y/{claim.region}/{number}", {"counters": dict(settlement.counters), "sequence": sequence})
    state.set(f"c/{claim.key}", claim.content_hash)
    revision = Revision("completed", 0, sequence, number, settlement.assistance_fen, settlement.counters, event.cause)
    data = result_data(claim, settlement, revision, figures_data(settlement, None))
    return write_event("settlement.completed.v1", "/medaid/settlement", data["settlement_id"], event.time, data)


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings.from_env()
    logging.basicConfig(level=logging.WARNING)
    app = Application(
        broker_address=settings.kafka_bootstrap_servers,
        consumer_group=f"{settings.prefix}settlement",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=tempfile.mkdtemp(prefix="quix-", dir=os.environ.get("MEDAID_BENCH_FOLDER")),
        loglevel="WARNING",
        consumer_extra_config={"session.timeout.ms": settings.session_ms, "fetch.queue.backoff.ms": 10},
    )
    claims = app.topic(settings.prefix + CLAIMS, key_deserializer="str", value_deserializer="bytes")
    timelines = app.topic(settings.prefix + TIMELINES, key_deserializer="str", value_deserializer="bytes")
    results = app.topic(settings.prefix + RESULTS, key_serializer="str", value_serializer="bytes")

    def work(value: bytes, state: State) -> bytes | None:
        if b'"identity.timeline.updated.v1"' in value[:200]:
            learn(value, state)
            return None
        return decide(value, state)

    stream = app.dataframe(claims).concat(app.dataframe(timelines)).apply(work, stateful=True)
    stream.filter(lambda value: value is not None).to_topic(results)
    app.run()


if __name__ == "__main__":
    main()
