"""What must hold at every moment of what lies in the topics, looked at after each commit."""

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.catalogue import ASSESSMENTS, RESULTS, SUBSIDIES, TIMELINES, WARNINGS
from schemas.money import signed_fen
from services.runtime.records import Record

Data = Mapping[str, Any]


class Wrong(AssertionError):
    """What was promised does not hold."""


class Mistake(Exception):
    """An exception where there should be none, which a keeper took for a doubt."""


class Ledger:
    """Every record that the services tell others, in the order of commits.

    Attributes:
        results: Of each claim all revisions.
        closed: How many warnings operators closed.
    """

    def __init__(self) -> None:
        self.results: dict[str, list[Data]] = {}
        self.closed = 0
        self._partitions: dict[str, int] = {}
        self._accepted: dict[str, int] = {}
        self._revisions: dict[str, int] = {}
        self._episodes: dict[str, tuple[int, bool]] = {}

    def take(self, record: Record) -> None:
        """The next record. Raises: Wrong."""
        if record.topic == RESULTS:
            self._result(record, orjson.loads(record.value or b"")["data"])
        elif record.topic == WARNINGS:
            event = orjson.loads(record.value or b"")
            self._warning(event["type"].split(".")[2], event["data"])
        elif record.topic in {TIMELINES, SUBSIDIES, ASSESSMENTS}:
            self._revision(record.topic, orjson.loads(record.value or b"")["data"])

    def _result(self, record: Record, data: Data) -> None:
        """Each revision of a claim once and in order, in one partition; deltas telescope; sequences have no holes; one person a claim key."""
        key = f"{data['hospital_id']}/{data['claim_id']}"
        known = self.results.setdefault(key, [])
        before = known[-1] if known else None
        _hold(data["revision"] == len(known), f"{key}: revision {data['revision']} after {len(known)} others")
        paid_before = signed_fen(before["assistance_amount"]) if before else 0
        _hold(signed_fen(data["delta"]) == signed_fen(data["assistance_amount"]) - paid_before, f"{key}: delta {data['delta']}")
        person = data["person_id"]
        _hold(self._partitions.setdefault(person, record.partition) == record.partition, f"{person}: results in two partitions")
        if before is None:
            year = f"{person}/{data['region']}/{data['year']}"
            self._accepted[year] = self._accepted.get(year, 0) + 1
            _hold(
                data["sequence"] == self._accepted[year], f"{key}: sequence {data['sequence']}, {self._accepted[year]} was next in {year}"
            )
        else:
            for name in ("person_id", "region", "year", "sequence", "claim"):
                _hold(data[name] == before[name], f"{key}: another {name}")
        known.append(data)

    def _revision(self, topic: str, data: Data) -> None:
        """Timelines count from 1, subsidies and assessments from 0; each number once and in order."""
        if topic == TIMELINES:
            key, first = data["person_id"], 1
        elif topic == SUBSIDIES:
            key, first = data["subsidy_id"], 0
        else:
            key, first = f"{data['hospital_id']}/{data['admission_id']}/{data['person_id']}", 0
        expected = self._revisions.get(f"{topic} {key}", first - 1) + 1
        _hold(data["revision"] == expected, f"{topic} {key}: revision {data['revision']}, {expected} was next")
        self._revisions[f"{topic} {key}"] = expected

    def _warning(self, verb: str, data: Data) -> None:
        """Raised, perhaps told anew or escalated, resolved; then raised as the next episode."""
        key, episode = data["warning_id"], data["episode"]
        last, is_open = self._episodes.get(key, (0, False))
        right = episode == (last if is_open else last + 1) and (is_open or verb == "raised")
        _hold(right, f"{key}: {verb} in episode {episode}, {'open' if is_open else 'not open'} in {last}")
        self._episodes[key] = (episode, verb != "resolved")
        if "closed_by" in data:
            self.closed += 1


def _hold(condition: bool, what: str) -> None:
    if not condition:
        raise Wrong(what)
