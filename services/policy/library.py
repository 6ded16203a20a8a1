"""The policies of a site: the shipped files, and those of a folder of its own (`sources.py` says what may lie there).

A region that has a policy in the site's folder is settled by the files of that folder alone, all of them: of what is shipped for it nothing counts but as
earlier editions, by which years that began under them go on. A list of hospitals without a policy beside it is the shipped region's.

A file with a fault is its own region's alone: that region has no policies then, the shipped ones least of all, and its faults stand in
`Policies.faulty`. Services run so; commands refuse (`spares`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from services.policy.loader import Policy
from services.policy.policies import Policies, UnknownEditionError
from services.policy.sources import Folder, Source, read_folder
from services.policy.tree import PolicyError, Reading, ReadingError, parse, reading_value

__all__ = ["SHIPPED", "Policies", "Source", "Switched", "UnknownEditionError", "load_policies", "site_policies", "switched_from_text"]

SHIPPED = Path(__file__).parent / "cities"
Switched = Mapping[str, Mapping[str, Reading]]


def site_policies(folder: str, readings: str, *, spares: bool = False) -> Policies:
    """The policies of a site as its settings name them, MEDAID_POLICIES and MEDAID_READINGS.

    Raises:
        PolicyError: As `load_policies`.
    """
    return load_policies(switched=switched_from_text(readings), site=Path(folder) if folder else None, spares=spares)


def load_policies(
    folder: Path = SHIPPED,
    switched: Switched | None = None,
    designated: Mapping[str, str] | None = None,
    site: Path | None = None,
    *,
    spares: bool = False,
) -> Policies:
    """The policies of `folder`, and those of `site`, which are added or take their place.

    Args:
        folder: Where the shipped files lie; earlier editions in its `earlier/`.
        switched: For each region the readings set otherwise than by default.
        designated: For some regions a list of designated hospitals instead of the file beside the policy, in the same form.
        site: The site's own folder, of the same form.
        spares: A file with faults costs its own region its policies, and nobody else.

    Raises:
        ReadingError: A reading in `switched` that is none, or a value that it does not have.
        PolicyError: A folder that is not there; unless `spares`, any fault of any file, all of them, a line each.
    """
    shipped, own = read_folder(folder), read_folder(site) if site else Folder()
    mine = _load(own.sources, own.faults, switched or {}, designated or {})
    others = {region: faults for region, faults in shipped.faults.items() if region not in mine.regions}
    in_force = [_relisted(one, own.lists) for one in shipped.sources if one.region not in mine.regions]
    theirs = _load(in_force, others, switched or {}, designated or {})
    faulty = (
        mine.faults
        | theirs.faults
        | {region: [_homeless(own.lists[region][1], region)] for region in own.lists if region not in theirs.regions}
    )
    if faulty and not spares:
        raise PolicyError("\n".join(fault for region in sorted(faulty) for fault in faulty[region]))
    _check_switched([*mine.misread, *theirs.misread], switched or {}, mine.regions | theirs.regions)
    current = {region: files for region, files in (mine.current | theirs.current).items() if region not in faulty}
    sources = [*mine.sources, *theirs.sources, *own.earlier, *shipped.earlier, *shipped.sources]
    told = {region: tuple(faulty[region]) for region in sorted(faulty)}
    return Policies(current, tuple(dict.fromkeys(sources)), told, site, frozenset(mine.regions))


def switched_from_text(text: str) -> Switched:
    """Readings as a setting names them: `suzhou.rounding=down,wuxi.tilt_limit=within_annual`; `null`, `true` and `false` are values.

    Raises:
        ReadingError: Another form.
    """
    switched: dict[str, dict[str, Reading]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        place, equals, value = part.partition("=")
        region, dot, name = place.partition(".")
        if not (equals and dot and region and name):
            raise ReadingError(f"{part}: city.reading=value")
        switched.setdefault(region, {})[name] = reading_value(value)
    return switched


@dataclass(frozen=True)
class _Loaded:
    """What became of some sources: policies by region in time, what is wrong in which region, and with the readings that were switched."""

    sources: Sequence[Source]
    current: dict[str, tuple[Policy, ...]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    misread: list[str] = field(default_factory=list)

    @property
    def regions(self) -> set[str]:
        """All that were met."""
        return {*self.current, *self.faults}


def _load(sources: Iterable[Source], faults: Mapping[str, Sequence[str]], switched: Switched, designated: Mapping[str, str]) -> _Loaded:
    """The policies of `sources`, of whose folder `faults` are known already."""
    found = _Loaded([replace(one, designated=designated.get(one.region, one.designated)) for one in sources])
    found.faults.update({region: list(told) for region, told in faults.items()})
    named: dict[str, list[tuple[Policy, Source]]] = {}
    for source in found.sources:
        try:
            policy = source.load(switched.get(source.region))
            named.setdefault(policy.file.id, []).append((policy, source))
        except ReadingError as error:
            found.misread.extend(str(error).splitlines())
            found.current.setdefault(source.region, ())
        except PolicyError as error:
            found.faults.setdefault(source.region, []).extend(str(error).splitlines())
        except Exception as error:  # a form of file that we did not think of; the other cities must not suffer for it
            told = (
                f"{source.name}:1: (file): a policy file; this one meets a mistake of medaid's ({type(error).__name__}): please report it"
            )
            found.faults.setdefault(source.region, []).append(told)
    for region, files in named.items():
        files.sort(key=lambda file: file[0].file.valid_from)
        found.current[region] = tuple(policy for policy, _ in files)
        if overlaps := list(_overlaps(files)):
            found.faults.setdefault(region, []).extend(overlaps)
    return found


def _overlaps(files: Sequence[tuple[Policy, Source]]) -> Iterator[str]:
    """Files of one region, by their first day, of which two hold on one day."""
    for (before, first), (after, second) in pairwise(files):
        if before.file.valid_to is None or before.file.valid_to >= after.file.valid_from:
            until = before.file.valid_to or "further notice"
            expected = f"a day on which no other file of {after.file.id} holds; {first.name} holds until {until}"
            yield parse(second.name, second.text).fault(("valid_from",), expected)


def _relisted(source: Source, lists: Mapping[str, tuple[str, str]]) -> Source:
    """A shipped policy with the site's list of hospitals, where there is one."""
    if source.region not in lists:
        return source
    designated, beside = lists[source.region]
    return replace(source, designated=designated, beside=beside)


def _homeless(name: str, region: str) -> str:
    return f"{name}:1: (file): a name of a policy beside it, or of a region that has one; {region} is none"


def _check_switched(misread: Sequence[str], switched: Switched, regions: Iterable[str]) -> None:
    """Whether the files have the readings that were switched.

    Raises:
        ReadingError: They have not, or there is no such region.
    """
    strangers = [f"{region}: a region that has a policy file" for region in switched if region not in set(regions)]
    if faults := [*strangers, *misread]:
        raise ReadingError("\n".join(faults))
