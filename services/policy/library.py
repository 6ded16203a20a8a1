"""All policies of a site: the files of a folder, by region and day, and the earlier editions that running years still need.

A region may have several files, one after the other in time. A person-year stays under the edition of its newest result as long as that edition says
anything else of the days settled so far; `for_year` finds it again among the files here and in `earlier/`, with the readings it was settled under.
An edition may be named by what settles, or, on older ledgers, by the hash of the whole file: both lead to the same file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from services.policy.loader import Policy, load_policy
from services.policy.tree import PolicyError, Reading, reading_value

SHIPPED = Path(__file__).parent / "cities"
Switched = Mapping[str, Mapping[str, Reading]]


class UnknownEditionError(LookupError):
    """A person-year was settled under an edition whose file is no longer there: put it back into `earlier/`, or ask for re-adjudication."""


@dataclass(frozen=True)
class Source:
    """A policy's text before its readings are chosen."""

    name: str
    text: str
    designated: str | None = None


@dataclass(frozen=True)
class Policies:
    """Every region's policies in force and earlier editions."""

    current: Mapping[str, tuple[Policy, ...]]
    sources: tuple[Source, ...] = ()
    _editions: dict[tuple[str, str], Policy | None] = field(default_factory=dict, repr=False)
    _origins: dict[str, Source] = field(default_factory=dict, repr=False)
    _others: dict[tuple[str, str, Reading], Policy] = field(default_factory=dict, repr=False)

    def regions(self) -> list[str]:
        """The regions' codes, sorted."""
        return sorted(self.current)

    def nearest(self, region: str, day: date) -> Policy:
        """The region's policy of `day`; where none is in force, the one nearest in time (its rules for years and timelines still hold)."""
        files = self.current[region]
        if len(files) == 1:
            return files[0]
        return next((policy for policy in files if policy.in_force(day)), files[0] if day < files[0].file.valid_from else files[-1])

    def for_year(self, region: str, day: date, edition: str | None, readings: Mapping[str, Reading] | None, through: date | None) -> Policy:
        """The policy for a claim of `day` in a person-year that stands under `edition`.

        Args:
            region: The city.
            day: The claim's date.
            edition: Edition of the year's newest result; None: the year is new.
            readings: The readings of that result.
            through: The latest claim date settled under it.

        Raises:
            UnknownEditionError: The edition differs from ours on days already settled, and its file is not there.
        """
        policy = self.nearest(region, day)
        if edition is None or through is None or policy.is_edition(edition):
            return policy
        if any(current.is_edition(edition) for current in self.current[region]):
            return policy  # the year stands under ours; this day belongs to another of the region's files
        earlier = self._edition(region, edition, readings or {})
        if policy.in_force(day) and not earlier.in_force(day):
            return policy  # the earlier edition is of a file that does not hold on this day
        return policy if earlier.digest(through) == policy.digest(through) else earlier

    def has(self, region: str, edition: str | None, readings: Mapping[str, Reading]) -> bool:
        """Whether the policy that an edition names is here; of a region without one nothing is."""
        if region not in self.current:
            return False
        if edition is None or any(policy.is_edition(edition) for policy in self.current[region]):
            return True
        try:
            return bool(self._edition(region, edition, readings))
        except UnknownEditionError:
            return False

    def otherwise(self, policy: Policy, name: str, value: Reading) -> Policy:
        """`policy` with one reading set to `value`.

        Raises:
            UnknownEditionError: The file of `policy` is not there.
            PolicyError: It has no such reading, or the reading no such value.
        """
        key = (policy.whole, name, value)
        if key not in self._others:
            source = self._origin(policy)
            self._others[key] = load_policy(source.name, source.text, {**policy.readings, name: value}, source.designated)
        return self._others[key]

    def _origin(self, policy: Policy) -> Source:
        """The file that `policy` was loaded from.

        Raises:
            UnknownEditionError: It is not there.
        """
        if policy.whole in self._origins:
            return self._origins[policy.whole]
        for source in self.sources:
            if _region(source) == policy.file.id:
                same = load_policy(source.name, source.text, policy.readings, source.designated)
                if same.whole == policy.whole:
                    return self._origins.setdefault(policy.whole, source)
        raise UnknownEditionError(f"edition {policy.edition} of {policy.file.id} is not among the policy files")

    def _edition(self, region: str, edition: str, readings: Mapping[str, Reading]) -> Policy:
        """The policy that an edition names; the files are looked through once, found or not.

        Raises:
            UnknownEditionError: It is not there.
        """
        key = (region, edition)
        if key not in self._editions:
            self._editions[key] = self._find(region, edition, readings)
        found = self._editions[key]
        if found is None:
            raise UnknownEditionError(
                f"edition {edition} of {region} is not among the policy files; put its file into earlier/ or ask for re-adjudication"
            )
        return found

    def _find(self, region: str, edition: str, readings: Mapping[str, Reading]) -> Policy | None:
        for source in self.sources:
            try:
                policy = load_policy(source.name, source.text, readings, source.designated)
            except PolicyError:
                continue  # another city's file, or one without these readings: not the edition sought
            if policy.file.id == region and policy.is_edition(edition):
                return policy
        return None


def load_policies(folder: Path = SHIPPED, switched: Switched | None = None, designated: Mapping[str, str] | None = None) -> Policies:
    """Every `*.yaml` of `folder`, with the lists of designated hospitals beside them (`<name>.designated.yaml`).

    Args:
        folder: Where the cities' files lie; earlier editions in its `earlier/`.
        switched: For each region the readings set otherwise than by default.
        designated: For some regions a list of designated hospitals instead of the file beside the policy, in the same form.

    Raises:
        PolicyError: A fault in a file, two files of a region that overlap in time, or a region in `switched` that has no file.
    """
    lists = designated or {}
    found = _sources(sorted(folder.glob("*.yaml")))
    sources = tuple(replace(source, designated=lists.get(_region(source), source.designated)) for source in found)
    earlier = tuple(_sources(sorted((folder / "earlier").glob("*.yaml"))))
    for region in switched or {}:
        if region not in {_region(source) for source in sources}:
            raise PolicyError(f"{region}: a region that has a policy file")
    policies = [load_policy(s.name, s.text, (switched or {}).get(_region(s)), s.designated) for s in sources]
    return Policies(_by_region(policies), sources + earlier)


def switched_from_text(text: str) -> Switched:
    """Readings as a setting names them: `suzhou.rounding=down,wuxi.tilt_limit=within_annual`; `null`, `true` and `false` are values.

    Raises:
        PolicyError: Another form.
    """
    switched: dict[str, dict[str, Reading]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        place, equals, value = part.partition("=")
        region, dot, name = place.partition(".")
        if not (equals and dot and region and name):
            raise PolicyError(f"{part}: city.reading=value")
        switched.setdefault(region, {})[name] = reading_value(value)
    return switched


def _sources(paths: Iterable[Path]) -> Iterable[Source]:
    for path in paths:
        if not path.name.endswith(".designated.yaml"):
            beside = path.with_suffix(".designated.yaml")
            yield Source(path.name, path.read_text("utf-8"), beside.read_text("utf-8") if beside.exists() else None)


def _region(source: Source) -> str:
    """The `id` of a source, as its first lines say; the loader checks it."""
    return next((line.partition(":")[2].strip() for line in source.text.splitlines() if line.startswith("id:")), source.name)


def _by_region(policies: Iterable[Policy]) -> Mapping[str, tuple[Policy, ...]]:
    regions: dict[str, tuple[Policy, ...]] = {}
    for policy in sorted(policies, key=lambda policy: policy.file.valid_from):
        before = regions.get(policy.file.id, ())
        if before and (before[-1].file.valid_to is None or before[-1].file.valid_to >= policy.file.valid_from):
            raise PolicyError(f"{policy.file.id}: two files overlap from {policy.file.valid_from} on")
        regions[policy.file.id] = (*before, policy)
    return regions
