"""Files that say what is to be tried: a whole policy file, or a patch of the one of today; and readings switched, which are a reform too.

A patch is YAML: `set`, paths with figures (`patches.py`); `readings`, names with values; `region` and `name` where nothing else says them. In: texts. Out:
cases. Faults are told by file and path, those of a whole file with its line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from services.ledger.errors import Misnamed
from services.ledger.readjudication.given import instead
from services.ledger.reform.cases import Case
from services.ledger.reform.changes import Change, differences
from services.ledger.reform.patches import named_paths, patched, text_of
from services.policy.library import Policies, Source
from services.policy.loader import Policy, load_policy
from services.policy.tree import PolicyError, Reading, Tree, parse, reading_text, resolve

_OF_PATCH: Final = frozenset({"set", "readings", "region", "name"})
_SET_MAX: Final = 500


class Patch(NamedTuple):
    """What is to be set otherwise; `name` stands in faults and in the report."""

    name: str
    figures: Mapping[str, Any]
    readings: Mapping[str, Reading]


def is_patch(tree: Tree) -> bool:
    """Whether a file is a patch; else it is a whole policy file."""
    return bool(tree.data) and tree.data.keys() <= _OF_PATCH


def patch_in(tree: Tree) -> tuple[str | None, Patch]:
    """The region that a patch names, and the patch.

    Raises:
        PolicyError: It has another form.
    """
    figures, readings = tree.data.get("set") or {}, tree.data.get("readings") or {}
    if not isinstance(figures, dict) or len(figures) > _SET_MAX:
        raise PolicyError(tree.fault(("set",), f"a mapping of paths to figures, at most {_SET_MAX}"))
    if not isinstance(readings, dict) or any(isinstance(value, dict | list) for value in readings.values()):
        raise PolicyError(tree.fault(("readings",), "a mapping of readings to their values"))
    for name in ("region", "name"):
        if not isinstance(tree.data.get(name, ""), str):
            raise PolicyError(tree.fault((name,), "a text"))
    return tree.data.get("region"), Patch(tree.data.get("name") or tree.name, figures, readings)


def region_in(tree: Tree) -> str | None:
    """The region that a file is of; None where it does not say."""
    named = tree.data.get("region" if is_patch(tree) else "id")
    return named if isinstance(named, str) else None


def today(policies: Policies, region: str) -> Case:
    """The policy of today.

    Raises:
        Misnamed: There is none of that region.
    """
    if region not in policies.current:
        raise Misnamed(f"--region {region}: one of {', '.join(policies.regions())}")
    return Case("today", region, policies, {policy.whole: _origin_of(policies, policy) for policy in policies.current[region]})


def from_patch(base: Case, patch: Patch) -> Case:
    """The policy of `base`, patched: of a region with several files each where it has the path, or the reading.

    Raises:
        PolicyError: Paths or readings that no file has, or a patched file that cannot be used.
    """
    policies = base.policies.current[base.region]
    trees = [_parsed(source.name, source.text) for source in (base.origins[policy.whole] for policy in policies)]
    pairs = [patched(tree, patch.figures) for tree in trees]
    faults = [
        f"{patch.name}: set: {path}: {pairs[0][1][path]}" for path in patch.figures if all(path in missing for _, missing in pairs)
    ] + [
        f"{patch.name}: readings: {name}: no such reading; there is {', '.join(policies[0].readings)}"
        for name in patch.readings
        if all(name not in policy.readings for policy in policies)
    ]
    if faults:
        raise PolicyError("\n".join(faults))
    found = [_patched(base, policy, patch, data) for policy, (data, _) in zip(policies, pairs, strict=True)]
    return _case(base, patch.name, found, patch.readings)


def from_whole(base: Case, source: Source, year: int | None, readings: Mapping[str, Reading]) -> Case:
    """A whole file in the place of each of the region whose days it shares.

    Raises:
        PolicyError: A fault in it, all of them, a line each.
        Misnamed: It is of another region, or holds on no day of the year.
    """
    known = {name: value for policy in base.policies.current[base.region] for name, value in policy.readings.items()}
    declared = _parsed(source.name, source.text).data.get("readings")
    kept = {name: value for name, value in known.items() if isinstance(declared, dict) and _has(declared.get(name), value)}
    given = load_policy(source.name, source.text, {**kept, **readings}, source.designated)
    if given.file.id != base.region:
        raise Misnamed(f"{source.name}: it is of {given.file.id}, not of {base.region}")
    last = given.file.valid_to.year if given.file.valid_to else 9999
    if year is not None and not given.file.valid_from.year <= year <= last:
        raise Misnamed(f"{source.name}: it holds on no day of {year}")
    return _case(base, source.name, [(given, source)], readings)


def changes_of(beside: Case, case: Case) -> Sequence[Change]:
    """What a policy says otherwise than another, path by path."""
    return [
        change
        for given, before in _pairs(beside, case)
        for change in differences(_resolved(beside.origins[before.whole], before), _resolved(case.origins[given.whole], given))
    ]


def _pairs(beside: Case, case: Case) -> Sequence[tuple[Policy, Policy]]:
    """Each policy that differs, and the one in whose place it stands."""
    found = [(given, beside.policy_of(given.file.valid_from)) for given in case.policies.current[case.region]]
    return [(given, before) for given, before in found if given.whole != before.whole]


def _patched(base: Case, policy: Policy, patch: Patch, data: Mapping[str, Any]) -> tuple[Policy, Source]:
    """A file with the patch in its data.

    Raises:
        PolicyError: It cannot be used so.
    """
    other = Source(patch.name, text_of(data), base.origins[policy.whole].designated)
    readings = {**policy.readings, **{name: value for name, value in patch.readings.items() if name in policy.readings}}
    try:
        return load_policy(other.name, other.text, readings, other.designated), other
    except PolicyError as error:
        raise PolicyError(named_paths(data, str(error))) from None


def _case(base: Case, name: str, found: Sequence[tuple[Policy, Source]], readings: Mapping[str, Reading]) -> Case:
    policies = base.policies
    for given, source in found:
        policies = instead(policies, given, source)
    origins = {**base.origins, **{given.whole: source for given, source in found}}
    case = replace(base, name=name, policies=policies, origins=origins, readings=dict(readings))
    is_anew = any(
        (given.file.entitlement, given.file.categories) != (before.file.entitlement, before.file.categories)
        for given, before in _pairs(base, case)
    )
    return replace(case, is_anew=base.is_anew or is_anew)


def _origin_of(policies: Policies, policy: Policy) -> Source:
    """The file that a policy was loaded from.

    Raises:
        LookupError: It is not among the sources.
    """
    for source in policies.sources:
        if f"id: {policy.file.id}" not in source.text:
            continue
        try:
            same = load_policy(source.name, source.text, policy.readings, source.designated)
        except PolicyError:
            continue  # an earlier edition without these readings
        if same.file.id == policy.file.id and same.whole == policy.whole:
            return source
    raise LookupError(f"no file of {policy.file.id} among the sources")


def _resolved(source: Source, policy: Policy) -> Mapping[str, Any]:
    """What a policy's file says, its readings resolved."""
    return resolve(_parsed(source.name, source.text), policy.readings)


@lru_cache(maxsize=8)
def _parsed(name: str, text: str) -> Tree:
    """A file parsed; while a value is sought the same one is patched again and again."""
    return parse(name, text)


def _has(declared: Any, value: Reading) -> bool:
    """Whether a file's reading has that value."""
    return isinstance(declared, dict) and value in (declared.get("default"), declared.get("other"))


def readings_text(readings: Mapping[str, Reading]) -> str:
    """Readings as a setting names them, without their region."""
    return ", ".join(f"{name}={reading_text(value)}" for name, value in readings.items())
