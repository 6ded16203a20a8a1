"""From the text of a city's file to a policy that settles claims; strict, and every fault has its file, line and key.

In: YAML text and the readings that a site has switched. Out: `Policy`. Not here: where files lie (`library.py`).
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from services.policy.checks import faults_of
from services.policy.compiling import compile_terms
from services.policy.editions import dates, digest, settling, until, whole_before, wording
from services.policy.model import Designated, Designation, PolicyFile
from services.policy.parts import is_day
from services.policy.sums import kept_pools
from services.policy.terms import Terms
from services.policy.tree import PolicyError, Reading, ReadingError, Tree, faults_in, parse, resolve
from services.policy.whens import of_file


@dataclass(frozen=True)
class Policy:
    """One city's policy under one set of readings.

    Attributes:
        edition: Content hash of all that settles: figures, rules, readings, list of hospitals.
        wording: Content hash of the rest: names, clauses, lists for the reader, what other services ask.
        whole: Content hash of everything, which editions were until November 2026 and ledgers still name.
        former: `whole` as it was before the language said more.
        readings: Every open reading, name to value.
        designated: Hospital ids to the days from and to which they are designated; None: no list, all pass.
    """

    file: PolicyFile
    edition: str
    wording: str
    whole: str
    former: str
    readings: Mapping[str, Reading]
    designated: Mapping[str, Designation] | None
    raw: Mapping[str, Any] = field(repr=False)
    _settling: Mapping[str, Any] = field(repr=False)
    _versions: tuple[date, ...] = field(repr=False)
    _terms: dict[date, Terms] = field(default_factory=dict, repr=False)
    _terms_of_day: dict[date, Terms] = field(default_factory=dict, repr=False)
    _told: dict[date, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    _digests: dict[date, str] = field(default_factory=dict, repr=False)

    def is_edition(self, edition: str | None) -> bool:
        """Whether this is the policy that a result names, also by the hash that editions were before."""
        return edition in (self.edition, self.whole, self.former)

    def in_force(self, day: date) -> bool:
        """Whether the decree holds on `day`."""
        return self.file.valid_from <= day and (self.file.valid_to is None or day <= self.file.valid_to)

    def version(self, day: date) -> date:
        """The latest date of a figure at or before `day`; the first one before that."""
        return self._versions[max(0, bisect_right(self._versions, day) - 1)]

    def terms(self, day: date) -> Terms:
        """The figures of `day`, compiled once a version."""
        known = self._terms_of_day.get(day)
        if known is None:
            version = self.version(day)
            if version not in self._terms:
                self._terms[version] = compile_terms(self.file, version)
            known = self._terms_of_day[day] = self._terms[version]
        return known

    def told(self, version: date) -> Mapping[str, Any]:
        """What a result says of the policy that it was settled under."""
        known = self._told.get(version)
        if known is None:
            known = self._told[version] = {
                "id": self.file.id,
                "version": version.isoformat(),
                "edition": self.edition,
                "status": self.file.status,
                "readings": self.readings,
            }
        return known

    def digest(self, through: date) -> str:
        """A hash of all that this policy says of days up to `through`: equal digests settle such days alike."""
        if through not in self._digests:
            self._digests[through] = digest(until(self._settling, through))
        return self._digests[through]

    def is_designated(self, hospital_id: str, day: date) -> bool:
        """Whether the hospital is designated (定点) on `day`."""
        if self.designated is None:
            return True
        listed = self.designated.get(hospital_id)
        return listed is not None and listed.from_ <= day and (listed.to is None or day <= listed.to)

    def grade(self, hospital_id: str, day: date) -> str:
        """The hospital's grade on `day`; `ungraded` where the list tells none."""
        listed = self.designated.get(hospital_id) if self.designated else None
        begun = [begins for begins in listed.grade if begins <= day] if listed else ()
        return listed.grade[max(begun)] if listed and begun else "ungraded"


def load_policy(name: str, text: str, switched: Mapping[str, Reading] | None = None, designated: str | None = None) -> Policy:
    """The policy in `text`, with the readings in `switched` instead of their defaults.

    Args:
        name: What faults call the file.
        text: The city's file.
        switched: Reading name to value.
        designated: The text of the list of designated hospitals beside it, if there is one.

    Raises:
        PolicyError: Any fault, all of them, a line each.
    """
    tree = parse(name, text)
    readings = _readings(tree, switched or {})
    data = resolve(tree, readings)
    try:
        file = PolicyFile.model_validate(data)
    except ValidationError as error:
        raise PolicyError(faults_in(tree, error)) from None
    if faults := faults_of(file, tree, readings):
        raise PolicyError("\n".join(faults))
    listed, hospitals = _designated(f"{name} (designated)", designated)
    if any(when.hospital_grades for when in of_file(file)) and not any(hospital.grade for hospital in (listed or {}).values()):
        raise PolicyError(
            f"{name}:1: (file): hospital_grades are asked for: a list of hospitals with their grades beside it, {file.id}.designated.yaml"
        )
    raw = {**data, "readings": {key: str(value) for key, value in readings.items()}, "designated_hospitals": hospitals}
    content = settling(file, readings, listed)
    versions = tuple(sorted(dates(content) | {file.valid_from}))
    file = file.model_copy(update={"pools": {**file.pools, **kept_pools(file)}})
    return Policy(
        file, digest(content), digest(wording(file)), digest(raw), digest(whole_before(raw)), readings, listed, raw, content, versions
    )


def _readings(tree: Tree, switched: Mapping[str, Reading]) -> dict[str, Reading]:
    declared = tree.data.get("readings")
    if not isinstance(declared, dict):
        raise PolicyError(tree.fault(("readings",), "a mapping of readings"))
    readings: dict[str, Reading] = {}
    for name, entry in declared.items():
        if not isinstance(entry, dict) or not {"default", "other"} <= entry.keys():
            raise PolicyError(tree.fault(("readings", name), "id, default, other, clause and why"))
        value = switched.get(name, entry["default"])
        if value not in (entry["default"], entry["other"]) and not (entry.get("kind") == "date" and is_day(value)):
            kind = ReadingError if name in switched else PolicyError
            raise kind(tree.fault(("readings", name), f"{entry['default']} or {entry['other']}"))
        readings[name] = value
    for name in switched:
        if name not in readings:
            raise ReadingError(tree.fault(("readings",), f"a reading called {name}; there are {', '.join(readings)}"))
    return readings


def _designated(name: str, text: str | None) -> tuple[Mapping[str, Designation] | None, dict[str, Any] | None]:
    """The list of designated hospitals, checked, and as it stands.

    Raises:
        PolicyError: A fault in it.
    """
    if text is None:
        return None, None
    tree = parse(name, text)
    try:
        listed = Designated.model_validate({"hospitals": tree.data}).hospitals
    except ValidationError as error:
        raise PolicyError("\n".join(tree.fault(path[1:], expected) for path, expected in tree.faults(error))) from None
    return listed, tree.data
