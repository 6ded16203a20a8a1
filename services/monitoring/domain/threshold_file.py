"""Reading a file of thresholds: every fault with file, line and key.

In: the file's text. Out: `Thresholds`.
"""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from services.monitoring.domain.thresholds import DEFAULT, Thresholds
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


def _strangers(thresholds: Thresholds, policies: Policies) -> Iterator[tuple[Path, str]]:
    """Names in regions' own blocks that the policies do not know; a slip there would silently fall back to the default."""
    rules: Mapping[str, Mapping[str, Part]] = {
        "year_burden": thresholds.year_burden.regions,
        "annual_limit": thresholds.annual_limit.regions,
        "hospital_ratio": thresholds.hospital_ratio.regions,
        "fund_supervision": thresholds.fund_supervision.regions,
    }
    for rule, regions in rules.items():
        for region in regions:
            if region != DEFAULT and region not in policies.current:
                yield (rule, "regions", region), "a region that has a policy file, or default"
    standards = {
        region: [group.categories or () for group in figures.standards] for region, figures in thresholds.year_burden.regions.items()
    }
    groups = {region: [group.categories for group in figures.groups] for region, figures in thresholds.annual_limit.regions.items()}
    for rule, word, by_region in (("year_burden", "standards", standards), ("annual_limit", "groups", groups)):
        for region, named in by_region.items():
            known = {name for policy in policies.current.get(region, ()) for name in policy.file.categories}
            for place, categories in enumerate(named):
                if known and not known.issuperset(categories):
                    yield (rule, "regions", region, word, place, "categories"), f"categories of {region}"
