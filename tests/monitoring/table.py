"""A table of worked examples of one kind of warning as events, as agencies, hospitals and operators would send them. The format: `cases/README.md`."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

from schemas.catalogue import ACTIONS, CLAIMS, IDENTITY_EVENTS
from services.policy.library import Policies
from tests.policy.table import Row, claim_facts, load, policies_with
from tests.unit.monitoring.world import Data

CASES = Path(__file__).parent / "cases"
SENT = "2026-12-31T12:00:00+08:00"
VERBS = ("granted", "revoked", "changed", "voided", "claim", "sent_again", "redelivered", "reversed", "closed")
OF_STATUSES = frozenset(VERBS[:4])
WORDS = {*VERBS, "name", "person", "hospital", "region", "times", "shows", "told", "open", "because", "on", "to", "reason", "episode"}
"""All that is no fact of a claim."""


class Sent(NamedTuple):
    """An event; `said` is its JSON."""

    topic: str
    key: str
    value: bytes


class Step(NamedTuple):
    """A row and the events that it stands for, of which each has come to rest before the next counts."""

    row: Row
    events: Sequence[Sent]


@cache
def tables() -> dict[str, Row]:
    """Every kind's table, scalars as text."""
    return {path.stem: load(path) for path in sorted(CASES.glob("*.yaml"))}


@cache
def cases() -> list[Row]:
    """Every case of every table, with its `kind` and a `name` for the test that works it."""
    return [
        {**case, "kind": kind, "name": f"{kind}-{number}"}
        for kind, table in tables().items()
        for number, case in enumerate(table["cases"], 1)
    ]


def steps(case: Row) -> list[Step]:
    """The events of a case, row by row."""
    maker = _Maker(case)
    return [Step(row, maker.events(row)) for row in case["rows"]]


def verb_of(row: Row) -> str:
    """What happens in a row: one thing."""
    (verb,) = (name for name in row if name in VERBS)
    return verb


class _Maker:
    """The events of a case; what was sent under a name can be named again."""

    def __init__(self, case: Row) -> None:
        self._region = case["region"]
        self._policies = policies_of(case)
        self._kind = case["kind"]
        self._claims: dict[str, Data] = {}
        self._named: dict[str, Sent] = {}
        self._numbers = 0

    def events(self, row: Row) -> list[Sent]:
        """What a row stands for."""
        verb = verb_of(row)
        if verb in OF_STATUSES:
            return [self._status(verb, row)]
        if verb == "redelivered":
            return [self._named[row[verb]]]
        if verb == "closed":
            return [self._closing(row)]
        names = [row[verb]] if "times" not in row else [f"{row[verb]}-{number}" for number in range(1, int(row["times"]) + 1)]
        return [self._bill(verb, name, row) for name in names]

    def _status(self, verb: str, row: Row) -> Sent:
        who = {"person_id": row.get("person", "P1"), "region": row.get("region", self._region)}
        if verb == "voided":
            voided = orjson.loads(self._named[row[verb]].value)
            return self._sent(IDENTITY_EVENTS, "identity.status.voided.v1", voided["source"], {**voided_of(voided), "voids": voided["id"]})
        category = row["to"] if verb == "changed" else row[verb]
        agency = self._policies.current[who["region"]][-1].file.categories[category].certifiers[0]
        categories = {"from_category": row[verb], "to_category": category} if verb == "changed" else {"category": category}
        data = {
            **who,
            **categories,
            "effective_date": row["on"],
            **({"reason": row.get("reason", "ordinary")} if verb == "revoked" else {}),
        }
        sent = self._sent(IDENTITY_EVENTS, f"identity.status.{verb}.v1", f"/agencies/{who['region']}/{agency}", data)
        self._named[row.get("name", "")] = sent
        return sent

    def _bill(self, verb: str, name: str, row: Row) -> Sent:
        if verb == "reversed":
            known = {"person_id": "P1", "region": self._region, "hospital_id": "H1", "claim_id": name, **self._claims.get(name, {})}
            told = {
                word: row[short]
                for short, word in (("person", "person_id"), ("region", "region"), ("hospital", "hospital_id"))
                if short in row
            }
            data = {word: known[word] for word in ("person_id", "hospital_id", "claim_id", "region")} | told
            data["reason"] = row.get("reason", "wrong bill")
            return self._sent(CLAIMS, "hospital.claim.reversed.v1", f"/hospitals/{data['hospital_id']}", data)
        facts = {word: value for word, value in row.items() if word not in WORDS}
        if verb == "claim":
            who = {"person_id": row.get("person", "P1"), "region": row.get("region", self._region)}
            kind_of_visit = "inpatient" if "discharge_date" in row else "outpatient"
            bill = claim_facts({"visit_type": kind_of_visit, **facts})
            self._claims[name] = {**who, "hospital_id": row.get("hospital", "H1"), "claim_id": name, **bill}
        data = self._claims[name] | ({} if verb == "claim" else {"person_id": row.get("person", self._claims[name]["person_id"]), **facts})
        sent = self._sent(CLAIMS, "hospital.claim.submitted.v1", f"/hospitals/{data['hospital_id']}", data)
        if verb == "claim":
            self._named[name] = sent
        return sent

    def _closing(self, row: Row) -> Sent:
        subject, year, *_detail = row["closed"].split("/")
        region = row.get("region", self._region)
        about = {"warning_id": f"{self._kind}/{region}/{row['closed']}", "kind": self._kind, "region": region, "year": int(year)}
        data = {**about, "subject": subject, "episode": int(row.get("episode", "1")), "operator": "wang.min"}
        return self._sent(ACTIONS, "monitoring.action.closed.v1", "/medaid/console", data)

    def _sent(self, topic: str, kind: str, source: str, data: Data) -> Sent:
        self._numbers += 1
        event = {"specversion": "1.0", "id": f"E{self._numbers:03d}", "source": source, "type": kind, "time": SENT, "data": data}
        return Sent(topic, data.get("subject") or data["person_id"], orjson.dumps(event))


def voided_of(event: Data) -> Data:
    """Whom the voided event was about."""
    return {name: event["data"][name] for name in ("person_id", "region")}


def policies_of(case: Row) -> Policies:
    """The shipped policies with the readings of a case."""
    return policies_with(case["region"], frozenset((case.get("readings") or {}).items()))
