"""A generated year of all cities as a feed of lines, and what must lie in the topics at its end: what `medaid replay` makes of it."""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS, RESULTS, SETTLEMENT_REROUTED, TIMELINES, WARNINGS, dead_letters_of
from schemas.money import signed_fen
from services.policy.library import load_policies
from services.policy.result import FIGURES
from services.synthetic import generate
from tests.integration.pipeline import MEDAID, Pipeline
from tests.integration.topics import Event, place_of

REPLAY_S_MAX = 3_600
FOLLOW_THE_ORDER = {"conflicting_duplicate", "recovery_due"}
"""Warnings that tell what happened, and in which order."""


def events(persons_each: int, seed: int = 7) -> Iterator[bytes]:
    """Lines of all cities; a claim key is used by one person alone, for who comes first across partitions is nobody's promise."""
    policies = load_policies()
    owner: dict[str, str] = {}
    for region in policies.regions():
        for line in generate(policies.current[region][-1], persons_each, seed):
            topic, person = place_of(line)
            if topic == CLAIMS and person is not None:
                data = orjson.loads(line)["data"]
                key = f"{data.get('hospital_id')}/{data.get('claim_id')}"
                if owner.setdefault(key, person.decode()) != person.decode():
                    continue
            yield line.replace(b"\n", b" ")


def write_lines(path: Path, lines: Iterable[bytes]) -> Path:
    """The lines as a file."""
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
    return path


class Replayed:
    """What `medaid replay` makes of a file of lines, beside whatever the test does meanwhile."""

    def __init__(self, year: Path) -> None:
        self._out = year.with_suffix(".out")
        self._process = subprocess.Popen(["nice", MEDAID, "replay", str(year), "--out", str(self._out)], stderr=subprocess.DEVNULL)

    def of_type(self, prefix: str) -> Iterator[Event]:
        """Its events whose type begins so, once it is through."""
        assert self._process.wait(timeout=REPLAY_S_MAX) == 0
        mark = f'"type":"{prefix}'.encode()
        with self._out.open("rb") as file:
            yield from (orjson.loads(line) for line in file if mark in line)


def claims_in(lines: Iterable[bytes]) -> int:
    """How many of the lines are claims."""
    return sum(b'"hospital.claim.submitted.v1"' in line for line in lines)


def whereabouts(pipeline: Pipeline, claim: str) -> list[str]:
    """Where a claim lies, refused or not, for whoever looks for one that is missing, or should not be there."""
    claim_id = claim.partition("/")[2].encode()
    topics = (CLAIMS, SETTLEMENT_REROUTED, RESULTS, dead_letters_of(CLAIMS))
    found = ((topic, number, value) for topic in topics for number, value in pipeline.values(topic) if value and claim_id in value)
    return [f"{topic}[{number}] {value.decode(errors='replace')[:2000]}" for topic, number, value in found]


def check(pipeline: Pipeline, wanted: Replayed, *, warnings: bool = True, reads_again: bool = False) -> None:
    """What lies in the topics against what replay wrote: each revision once and in order, all figures, timelines, dead letters, open warnings.

    `reads_again`: offsets were set back, so that what was refused is refused again.
    """
    expected = Ledger(wanted.of_type("settlement.")).newest
    settled = Ledger(pipeline.read(RESULTS)).newest
    assert {key: whereabouts(pipeline, key) for key in settled.keys() ^ expected.keys()} == {}
    assert [(key, newest, expected[key]) for key, newest in settled.items() if newest != expected[key]] == []
    assert newest_intervals(pipeline.read(TIMELINES)) == newest_intervals(wanted.of_type("identity.timeline"))
    for topic in (CLAIMS, IDENTITY_EVENTS, ADMISSIONS):
        found, expected_letters = refused(pipeline.read(dead_letters_of(topic)), topic), refused(wanted.of_type("deadletter"), topic)
        assert found == expected_letters or (reads_again and found.keys() == expected_letters.keys())
    if warnings:
        assert standing(pipeline.read(WARNINGS)) == standing(wanted.of_type("monitoring."))


class Ledger:
    """A ledger held against what it must be while it is read: each revision once and in order, deltas that add up, one person a claim, sequences without holes.

    Attributes:
        newest: Claim to what the contract promises of its last revision, as JSON.
    """

    def __init__(self, results: Iterable[Event]) -> None:
        self.newest: dict[str, bytes] = {}
        self.revisions = 0
        chains: dict[str, tuple[int, int, tuple[Any, ...]]] = {}
        for event in results:
            data = event["data"]
            key = f"{data['hospital_id']}/{data['claim_id']}"
            place = (data["person_id"], data["region"], data["year"], data["sequence"])
            number, total, first = chains.get(key, (-1, 0, place))
            assert (data["revision"], place) == (number + 1, first), key
            total += signed_fen(data["delta"])
            assert total == signed_fen(data["assistance_amount"]), key
            chains[key] = (number + 1, total, place)
            self.newest[key] = orjson.dumps({name: data[name] for name in (*FIGURES, "sequence", "claim")}, option=orjson.OPT_SORT_KEYS)
            self.revisions += 1
        _check_sequences(place for _, _, place in chains.values())


def _check_sequences(places: Iterable[tuple[Any, ...]]) -> None:
    """Each person-year numbers its claims from 1, without holes."""
    years: defaultdict[tuple[Any, ...], set[int]] = defaultdict(set)
    count = 0
    for *year, sequence in places:
        years[tuple(year)].add(sequence)
        count += 1
    assert all(max(numbers) == len(numbers) and min(numbers) == 1 for numbers in years.values())
    assert sum(map(len, years.values())) == count


def newest_intervals(events: Iterable[Event]) -> dict[str, Any]:
    """Birth date, intervals and applications of each person's newest timeline."""
    newest: dict[str, Any] = {}
    for event in events:
        data = event["data"]
        if data["revision"] >= newest.get(data["person_id"], {"revision": 0})["revision"]:
            newest[data["person_id"]] = data
    return {person: (data["birth_date"], data["intervals"], data["applications"]) for person, data in newest.items()}


def refused(letters: Iterable[Event], topic: str) -> Counter[tuple[str, str | None]]:
    """Reasons and payloads of the dead letters of a topic."""
    return Counter((letter["data"]["reason"], letter["data"]["payload"]) for letter in letters if letter["data"]["topic"] == topic)


def standing(events: Iterable[Event]) -> dict[str, tuple[str, Any]]:
    """The open warnings with level and measure, but those that follow the order."""
    warnings: dict[str, tuple[str, Any]] = {}
    for event in events:
        data = event["data"]
        if data["kind"] in FOLLOW_THE_ORDER:
            continue
        if event["type"] == "monitoring.warning.resolved.v1":
            warnings.pop(data["warning_id"], None)
        else:
            warnings[data["warning_id"]] = (data["level"], data["measure"])
    return warnings
