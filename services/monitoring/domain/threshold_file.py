"""Reading files of thresholds: every fault with file, line and key.

In: a file's text, of all regions or of one. Out: `Thresholds`, or the thresholds with one region's own in them. Not here: where the files lie
(`adapters/threshold_files.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError

from services.monitoring.domain.thresholds import DEFAULT, BurdenFigures, LimitFigures, RegionThresholds, Rule, Thresholds
from services.policy.library import Policies
from services.policy.parts import Part
from services.policy.tree import Path, PolicyError, faults_in, parse


def read_thresholds(name: str, text: str, policies: Policies) -> Thresholds:
    """The thresholds in `text`; `name` stands in the faults.

    Raises:
        PolicyError: Any fault, all of them, a line each; also a region without a policy, or a category that its region does not know.
    """
    tree = parse(name, text)
    try:
        thresholds = Thresholds.model_validate(tree.data)
    except ValidationError as error:
        raise PolicyError(faults_in(tree, error)) from None
    if faults := [tree.fault(path, expected) for path, expected in _strangers(thresholds, policies)]:
        raise PolicyError("\n".join(faults))
    return thresholds


def with_region(thresholds: Thresholds, region: str, name: str, text: str, policies: Policies) -> Thresholds:
    """`thresholds` with a region's own in `text`, each rule in it instead of the block that would hold there.

    Raises:
        PolicyError: Any fault, all of them, a line each; also a category that the region does not know.
    """
    tree = parse(name, text)
    try:
        own = RegionThresholds.model_validate(tree.data)
    except ValidationError as error:
        raise PolicyError(faults_in(tree, error)) from None
    figures = {rule: getattr(own, rule) for rule in ("year_burden", "annual_limit", "hospital_ratio", "fund_supervision")}
    unknown = [fault for rule, part in figures.items() for fault in _unknown(part, categories_of(policies, region), region, (rule,))]
    if unknown:
        raise PolicyError("\n".join(tree.fault(path, expected) for path, expected in unknown))
    rules = {rule: _instead(getattr(thresholds, rule), region, part, own.clause) for rule, part in figures.items() if part is not None}
    return thresholds.model_copy(update=rules)


def categories_of(policies: Policies, region: str) -> frozenset[str]:
    """Every category of a region's policies; none where it has no policy."""
    return frozenset(name for policy in policies.current.get(region, ()) for name in policy.file.categories)


def strange_categories(thresholds: Thresholds, policies: Policies, region: str) -> Sequence[str]:
    """Categories that the default's blocks name and `region`, for which these hold, does not have: whoever is meant is called otherwise there, perhaps."""
    rules = (thresholds.year_burden, thresholds.annual_limit)
    named = {name for rule in rules if region not in rule.regions for group in _groups(rule.regions[DEFAULT]) for name in group}
    return sorted(named - categories_of(policies, region))


def _instead(rule: Rule[Part], region: str, figures: Part, clause: str | None) -> Rule[Part]:
    """A rule with a region's own figures, and the clause that asks for them."""
    asked_by = {**rule.provenance.asked_by, **({region: clause} if clause else {})}
    provenance = rule.provenance.model_copy(update={"asked_by": asked_by})
    return rule.model_copy(update={"regions": {**rule.regions, region: figures}, "provenance": provenance})


def _strangers(thresholds: Thresholds, policies: Policies) -> Iterator[tuple[Path, str]]:
    """Names in regions' own blocks that the policies do not know; a slip there would silently fall back to the default."""
    rules: Mapping[str, Mapping[str, Part]] = {
        "year_burden": thresholds.year_burden.regions,
        "annual_limit": thresholds.annual_limit.regions,
        "hospital_ratio": thresholds.hospital_ratio.regions,
        "fund_supervision": thresholds.fund_supervision.regions,
    }
    for rule, regions in rules.items():
        for region, figures in regions.items():
            if region != DEFAULT and region not in policies.known():
                yield (rule, "regions", region), "a region that has a policy file, or default"
            elif region in policies.current:
                yield from _unknown(figures, categories_of(policies, region), region, (rule, "regions", region))


def _unknown(figures: Part | None, known: frozenset[str], region: str, path: Path) -> Iterator[tuple[Path, str]]:
    """Categories in a region's own block that it does not have."""
    word = "standards" if isinstance(figures, BurdenFigures) else "groups"
    for place, named in enumerate(_groups(figures)):
        if not known.issuperset(named):
            yield (*path, word, place, "categories"), f"categories of {region}"


def _groups(figures: Part | None) -> Iterable[tuple[str, ...]]:
    """The categories that each part of a block names."""
    if isinstance(figures, BurdenFigures):
        return [standard.categories or () for standard in figures.standards]
    return [group.categories for group in figures.groups] if isinstance(figures, LimitFigures) else []
