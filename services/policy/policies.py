"""All policies of a site, by region and day, and the earlier editions that running years still need.

A region may have several files, one after the other in time. A person-year stays under the edition of its newest result as long as that edition says
anything else of the days settled so far; `for_year` finds it again among all files, with the readings it was settled under. An edition may be named by
what settles, or, on older ledgers, by the hash of the whole file: both lead to the same file. Not here: where files lie (`library.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from services.policy.loader import Policy
from services.policy.sources import Source
from services.policy.tree import Reading


class UnknownEditionError(LookupError):
    """A person-year was settled under an edition whose file is no longer there: put it back into `earlier/`, or ask for re-adjudication."""


@dataclass(frozen=True)
class Policies:
    """Every region's policies in force and earlier editions.

    Attributes:
        current: By region its policies, one after the other in time.
        sources: The texts of these and of earlier editions.
        faulty: The regions whose files have faults, and these, a line each: nothing is decided there until they are mended.
        folder: Where the site's own files lie.
        own: The regions whose policies lie there.
    """

    current: Mapping[str, tuple[Policy, ...]]
    sources: tuple[Source, ...] = ()
    faulty: Mapping[str, Sequence[str]] = field(default_factory=dict)
    folder: Path | None = None
    own: frozenset[str] = frozenset()
    _editions: dict[tuple[str, str], Policy | None] = field(default_factory=dict, repr=False)
    _origins: dict[str, Source] = field(default_factory=dict, repr=False)
    _others: dict[tuple[str, str, Reading], Policy] = field(default_factory=dict, repr=False)

    def regions(self) -> list[str]:
        """The codes of the regions that can be settled, sorted."""
        return sorted(self.current)

    def known(self) -> list[str]:
        """Those of all regions that have files, be they right or faulty, sorted."""
        return sorted({*self.current, *self.faulty})

    def editions(self) -> dict[str, str]:
        """By region what its files say, in a few words: edition and wording of each."""
        return {
            region: "; ".join(f"edition {one.edition}, wording {one.wording}" for one in files) for region, files in self.current.items()
        }

    def lacking(self, region: str) -> tuple[Literal["unknown_region", "processing_failed"], str] | None:
        """Why nothing can be decided for `region`: the reason, and what was expected there. None where its policy is here.

        A region whose files have faults is no fault of whoever sends its events: they are set aside, to be replayed once the files are mended.
        """
        if region in self.current:
            return None
        if region in self.faulty:
            expected = (
                f"the policy files of {region} to be right: mend {self.faulty[region][0]}; start the service anew, then replay this letter"
            )
            return "processing_failed", expected
        return "unknown_region", "one of " + ", ".join(self.known())

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
            UnknownEditionError: The edition differs from ours on days already settled, and its file is not there; or no file of the region is.
        """
        if region not in self.current:
            raise UnknownEditionError(f"no policy file of {region} is there that is right")
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
            self._others[key] = source.load({**policy.readings, name: value})
        return self._others[key]

    def _origin(self, policy: Policy) -> Source:
        """The file that `policy` was loaded from.

        Raises:
            UnknownEditionError: It is not there.
        """
        if policy.whole in self._origins:
            return self._origins[policy.whole]
        for source in self.sources:
            if source.region == policy.file.id:
                same = source.load(policy.readings)
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
                policy = source.load(readings)
            except (
                Exception
            ):  # another city's file, one without these readings, or one with faults, which are told elsewhere: not the edition sought
                continue
            if policy.file.id == region and policy.is_edition(edition):
                return policy
        return None
