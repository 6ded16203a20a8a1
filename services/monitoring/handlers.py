"""Monitoring's handlers: a person or hospital and an observation in, a decision out.

In: settlement.results.v1, settlement.waiting.v1, identity.timelines.v1, refused duplicates of hospital.claims.v1, monitoring.actions.v1 for what
operators close, and our own monitoring.hospitals.v1, which tells the one lane that decides for a hospital each claim's share.
Out: monitoring.warnings.v1, monitoring.hospitals.v1. Promise: the warnings that stand are a function of what is known (`domain`), what is told is the
difference to what was said (the rule: `domain/warnings.py`). No await, no client, no clock.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from schemas.catalogue import HOSPITAL_SHARES, WARNINGS
from schemas.envelope import write_event
from schemas.money import yuan_text
from schemas.monitoring import HospitalShare
from services.monitoring.domain import facts, fraud, hospitals, poverty, status
from services.monitoring.domain.facts import Person
from services.monitoring.domain.hospitals import Hospital
from services.monitoring.domain.observed import Closed, Observation, Settled
from services.monitoring.domain.warnings import Due, Said, region_of, tell
from services.monitoring.domain.watch import Watch
from services.runtime.folding import Decision
from services.runtime.service import Emission

SOURCE = "/medaid/monitoring"


def decide_person(watch: Watch, person: Person, seen: Observation) -> Decision[Person]:
    """What `seen` changes in what is known of `person`, and what is told.

    Raises:
        TypeError: It is of a hospital.
    """
    if isinstance(seen.data, HospitalShare):
        raise TypeError("a share belongs to its hospital")
    after = facts.observe(person, seen.data)
    closed_by = {seen.data.warning_id: seen.data.operator} if isinstance(seen.data, Closed) and after is not person else {}
    said, warnings = _told(watch, after.said, due_of_person(watch, after), seen, closed_by)
    if after is person and not warnings:  # looked at all the same: after a reset and a view set back, what was said may be behind
        return Decision(person)
    shares = list(_share(person, seen, seen.data)) if isinstance(seen.data, Settled) else []
    return Decision(replace(after, said=said), [*shares, *warnings])


def decide_hospital(watch: Watch, hospital: Hospital, seen: Observation) -> Decision[Hospital]:
    """What a share changes in what is known of `hospital`, and what is told.

    Raises:
        TypeError: It is no share.
    """
    if not isinstance(seen.data, HospitalShare):
        raise TypeError("hospitals are told of shares alone")
    after = hospitals.observe(hospital, seen.data)
    said, warnings = _told(watch, hospital.said, hospitals.due(watch, after), seen)
    if after is hospital and not warnings:
        return Decision(hospital)
    return Decision(replace(after, said=said), warnings)


def due_of_person(watch: Watch, person: Person) -> Iterator[Due]:
    """Every warning that should stand for a person."""
    return chain(poverty.due(watch, person), status.due(watch, person), fraud.due(watch, person))


def _told(
    watch: Watch, said: Mapping[str, Said], due: Iterable[Due], seen: Observation, closed_by: Mapping[str, str] | None = None
) -> tuple[Mapping[str, Said], list[Emission]]:
    """What has been said after `seen`, and the records that say it; `closed_by`: the warnings that an operator closed, and his name."""
    if watch.silent:
        due = [warning for warning in due if warning.region not in watch.silent]
        statements = tell({name: known for name, known in said.items() if region_of(name) not in watch.silent}, due, closed_by or {})
    else:
        statements = tell(said, due, closed_by or {})
    emissions = [
        Emission(
            WARNINGS,
            statement.data["subject"],
            write_event(
                f"monitoring.warning.{statement.verb}.v1",
                SOURCE,
                f"{statement.warning_id}/{statement.said.records}",
                seen.time,
                {**statement.data, "caused_by": dict(seen.cause)},
            ),
        )
        for statement in statements
    ]
    return {**said, **{statement.warning_id: statement.said for statement in statements}} if statements else said, emissions


def _share(before: Person, seen: Observation, claim: Settled) -> Iterator[Emission]:
    """The claim's share, if it counts or did: to the lane of its hospital."""
    known = before.claims.get(claim.key)
    if not claim.counted and not (known and known.counted):
        return
    data = {
        "hospital_id": claim.hospital_id,
        "region": claim.region,
        "year": claim.year,
        "claim": claim.key,
        "revision": claim.revision,
        "counted": claim.counted,
        "burden": yuan_text(claim.share_burden_fen),
        "policy_scope": yuan_text(claim.policy_scope_fen),
        "caused_by": dict(seen.cause),
    }
    value = write_event("monitoring.hospital.share.v1", SOURCE, f"share/{claim.key}/{claim.revision}", seen.time, data)
    yield Emission(HOSPITAL_SHARES, claim.hospital_id, value, home=claim.hospital_id)
