"""What agencies send: statuses granted, revoked, changed, renewed, voided; applications approved.

In: a person, categories, the day it takes effect. Out: the event sent. `lag` is the days from that day to the event's `time` (negative: it lies
ahead), `late` the days that the event then takes to arrive. Not here: what happens to whom (`ordinary.py`, the casts).
"""

from datetime import date, timedelta
from typing import Any

from services.synthetic.script import Person, Script, Sent


def grant(
    script: Script,
    person: Person,
    category: str,
    day: date,
    *,
    lag: int = 1,
    late: int = 0,
    born: bool = True,
    enrolled_on: date | None = None,
) -> Sent:
    """Certify a status."""
    told: dict[str, Any] = {**_about(script, person), "category": category, "effective_date": day.isoformat()}
    if born:
        told["birth_date"] = person.born.isoformat()
    if enrolled_on is not None:
        told["enrolled_on"] = enrolled_on.isoformat()
    if script.rng.random() < 0.3:
        told["document_no"] = f"{day.year}-{script.rng.randint(1, 9999):04d}"
    return _send(script, "granted", (category,), told, day, lag, late)


def revoke(script: Script, person: Person, category: str, day: date, reason: str = "ordinary", *, lag: int = 1, late: int = 0) -> Sent:
    """End a status; by a death every one of the city's."""
    told = {**_about(script, person), "category": category, "effective_date": day.isoformat(), "reason": reason}
    return _send(script, "revoked", (category,), told, day, lag, late)


def change(script: Script, person: Person, before: str, after: str, day: date, *, lag: int = 1, late: int = 0) -> Sent:
    """Exchange one status for another of the same agency."""
    told = {**_about(script, person), "from_category": before, "to_category": after, "effective_date": day.isoformat()}
    return _send(script, "changed", (before, after), told, day, lag, late)


def renew(script: Script, person: Person, category: str, day: date) -> None:
    """End a status and certify it again in one instant, as a job of New Year's Day does; whichever it writes first."""
    at = script.moment(day)
    told = {**_about(script, person), "category": category, "effective_date": day.isoformat()}
    for verb, more in script.rng.sample((("revoked", {"reason": "ordinary"}), ("granted", {})), 2):
        script.send(f"identity.status.{verb}.v1", script.city.agency(category), told | more, at)


def approve(script: Script, person: Person, category: str, applied_on: date, first: date, last: date) -> Sent:
    """Approve an application under `category`, some days after it was made, for visits that end from `first` to `last`."""
    days = {"applied_on": applied_on, "from": first, "to": last}
    told = {**_about(script, person), "category": category, **{name: day.isoformat() for name, day in days.items()}}
    at = script.moment(applied_on + timedelta(days=script.rng.randint(0, 15)))
    return script.send("identity.application.approved.v1", f"/agencies/{script.city.region}/healthcare-security", told, at)


def void(script: Script, sent: Sent, days: int) -> Sent:
    """Take an event back, `days` after it arrived; before it was even made where they are negative."""
    told = {"person_id": sent.data["person_id"], "region": sent.data["region"], "voids": sent.id}
    at = (sent.arrival if days > 0 else sent.at) + timedelta(days=days)
    return script.send("identity.status.voided.v1", sent.source, told, at)


def _about(script: Script, person: Person) -> dict[str, str]:
    return {"person_id": person.id, "region": script.city.region}


def _send(script: Script, verb: str, categories: tuple[str, ...], told: dict[str, Any], day: date, lag: int, late: int) -> Sent:
    at = script.moment(day + timedelta(days=lag))
    return script.send(f"identity.status.{verb}.v1", script.city.agency(*categories), told, at, delay=timedelta(days=late))
