"""What the regions' files declare besides the contract's codes, gathered for whoever reads events.

In: each region's policies, by time. Out: `OwnCodes` by region. A code of any of a region's files is the region's: on days of another file it is known too,
only that no rule there names it.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

from schemas.codes import Agency
from schemas.own_codes import OwnCodes, Regions
from services.policy.loader import Policy
from services.policy.model import PolicyFile
from services.policy.parts import Label
from services.policy.tree import PolicyError

Current = Mapping[str, Iterable[Policy]]
"""By region its policies, one after the other in time."""


def own_codes(current: Current) -> Regions:
    """What each region declares; one that declares nothing is left out.

    Raises:
        PolicyError: A kind of visit is a stay by one of a region's files and none by another.
    """
    found = {region: _gathered(policies) for region, policies in current.items()}
    return {region: own for region, own in found.items() if any(own)}


def _gathered(policies: Iterable[Policy]) -> OwnCodes:
    conditions: set[str] = set()
    agencies: set[str] = set()
    stays: dict[str, bool] = {}
    for file in (policy.file for policy in policies):
        conditions |= file.conditions.keys()
        agencies |= file.agencies.keys()
        for code in file.visit_kinds:
            is_stay = file.like(code) == "inpatient"
            if stays.setdefault(code, is_stay) is not is_stay:
                raise PolicyError(f"{file.id}: visit_kinds.{code}.like: a stay in every file of the region, or in none")
    return OwnCodes(frozenset(conditions), stays, frozenset(agencies))


def labels_of(file: PolicyFile) -> Mapping[str, Label]:
    """The names of what a file declares, an agency's under `agency.<code>`."""
    kinds = {code: kind.label for code, kind in file.visit_kinds.items()}
    return {**file.conditions, **kinds, **{f"agency.{code}": label for code, label in file.agencies.items()}}


def agencies_of(current: Current, region: str) -> list[str]:
    """The agencies of a region: the contract's, and those that its files declare."""
    declared = {agency for policy in current.get(region, ()) for agency in policy.file.agencies}
    return sorted({*get_args(Agency), *declared})
