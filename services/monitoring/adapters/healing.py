"""Healing: what is known from our inputs again, without a word; what was said from the warnings.

A record that was refused once is refused again and tells nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from schemas.catalogue import WARNINGS
from schemas.monitoring import HospitalShare
from services.monitoring.adapters.documents import (
    Wanted,
    decode_hospital,
    decode_person,
    encode_hospital,
    encode_person,
    hospital_key,
    person_key,
    wanted,
)
from services.monitoring.adapters.reading import observe
from services.monitoring.domain import facts, hospitals
from services.monitoring.domain.facts import Person
from services.monitoring.domain.hospitals import Hospital
from services.monitoring.domain.observed import Nothing, Observation
from services.monitoring.domain.warnings import Figure, Open, Said, after_closing
from services.policy.library import Policies
from services.runtime.errors import Refused
from services.runtime.records import Document, Record, Writes


def touched(policies: Policies, records: Sequence[Record]) -> Wanted:
    """The documents that `heal` of these records needs."""
    documents = wanted(_observations(policies, records))
    return documents | {_subject_key(_warning(record)["data"]): None for record in records if record.topic == WARNINGS}


def heal(policies: Policies, records: Sequence[Record], documents: Mapping[str, Document]) -> Writes:
    """Bring persons and hospitals forward by `records`."""
    healing = _Healing(documents)
    for seen in _observations(policies, records):
        healing.observe(seen)
    for record in records:
        if record.topic == WARNINGS:
            healing.hear(_warning(record))
    return healing.writes()


class _Healing:
    """The persons and hospitals of one chunk."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._persons: dict[str, tuple[Person, Person]] = {}
        self._hospitals: dict[str, tuple[Hospital, Hospital]] = {}

    def observe(self, seen: Observation) -> None:
        """Take in what was seen."""
        match seen.data:
            case HospitalShare() as share:
                before, after = self._hospital(seen.home)
                self._hospitals[seen.home] = before, hospitals.observe(after, share)
            case Nothing():
                pass
            case told:
                known, person = self._person(seen.home)
                self._persons[seen.home] = known, facts.observe(person, told)

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take in what was said."""
        subject = event["data"]["subject"]
        if _is_of_hospital(event["data"]):
            before, hospital = self._hospital(subject)
            self._hospitals[subject] = before, replace(hospital, said=_heard(hospital.said, event))
        else:
            known, person = self._person(subject)
            self._persons[subject] = known, replace(person, said=_heard(person.said, event))

    def writes(self) -> Writes:
        """All changes."""
        documents: dict[str, Mapping[str, bytes | None]] = {}
        for person_before, person in self._persons.values():
            documents |= encode_person(person_before, person)
        for hospital_before, hospital in self._hospitals.values():
            documents |= encode_hospital(hospital_before, hospital)
        return Writes({key: fields for key, fields in documents.items() if fields})

    def _person(self, person_id: str) -> tuple[Person, Person]:
        if person_id not in self._persons:
            known = decode_person(person_id, self._documents)
            self._persons[person_id] = known, known
        return self._persons[person_id]

    def _hospital(self, hospital_id: str) -> tuple[Hospital, Hospital]:
        if hospital_id not in self._hospitals:
            known = decode_hospital(hospital_id, self._documents)
            self._hospitals[hospital_id] = known, known
        return self._hospitals[hospital_id]


def _observations(policies: Policies, records: Sequence[Record]) -> list[Observation]:
    found: list[Observation] = []
    for record in records:
        if record.topic != WARNINGS:
            try:
                found.append(observe(policies, record))
            except Refused:
                continue  # its dead letter was written when it was first read
    return found


def _warning(record: Record) -> Mapping[str, Any]:
    event: Mapping[str, Any] = orjson.loads(record.value or b"{}")
    return event


def _is_of_hospital(data: Mapping[str, Any]) -> bool:
    return bool(data["kind"] == "hospital_self_pay_ratio")


def _subject_key(data: Mapping[str, Any]) -> str:
    return hospital_key(data["subject"]) if _is_of_hospital(data) else person_key(data["subject"])


def _heard(said: Mapping[str, Said], event: Mapping[str, Any]) -> Mapping[str, Said]:
    """What has been said after a warning's record; its id ends in its number among the records of the warning."""
    data, records = event["data"], int(event["id"].rpartition("/")[2])
    known = said.get(data["warning_id"], Said())
    if records <= known.records:
        return said
    measure = Figure(**data["measure"])
    if event["type"] == "monitoring.warning.resolved.v1":
        after = Said(data["episode"], records, None, known.closed)
        return {**said, data["warning_id"]: after_closing(after, measure) if data.get("closed_by") else after}
    told = Open(data["level"], tuple(data["audience"]), measure, Figure(**data["threshold"]), data["clause"])
    return {**said, data["warning_id"]: Said(data["episode"], records, told, known.closed)}
