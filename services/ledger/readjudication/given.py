"""A policy file that runs nowhere yet in the place of the one that does: what would the year be worth under it?"""

from collections.abc import Mapping
from datetime import date

from services.ledger.errors import Misnamed
from services.ledger.readjudication.chosen import Scope
from services.policy.library import Policies, Source
from services.policy.loader import Policy
from services.policy.tree import Reading


def with_file(policies: Policies, source: Source, switched: Mapping[str, Reading], scope: Scope) -> Policies:
    """`policies`, but that the file `source`, under the readings `switched`, stands for each file of its region whose days it shares.

    Raises:
        Misnamed: It is another region's file, or holds on no day of the year.
        PolicyError: A fault in it, all of them, a line each.
    """
    given = source.load(switched)
    first, last = _days(given)
    if given.file.id != scope.region:
        raise Misnamed(f"--policy {source.name}: it is of {given.file.id}, --region says {scope.region}")
    if not first.year <= scope.year <= last.year:
        until = "on" if given.file.valid_to is None else f"to {last}"
        raise Misnamed(f"--policy {source.name}: it holds from {first} {until}, on no day of {scope.year}")
    return instead(policies, given, source)


def instead(policies: Policies, given: Policy, source: Source) -> Policies:
    """`policies`, but that `given`, loaded from `source`, stands for each file of its region whose days it shares."""
    region, (first, last) = given.file.id, _days(given)
    others = [policy for policy in policies.current[region] if _days(policy)[1] < first or last < _days(policy)[0]]
    files = tuple(sorted([*others, given], key=lambda policy: policy.file.valid_from))
    current = {**policies.current, region: files}
    return Policies(current, (*policies.sources, source), policies.faulty, policies.folder, policies.own)


def _days(policy: Policy) -> tuple[date, date]:
    """The first and the last day on which it holds."""
    return policy.file.valid_from, policy.file.valid_to or date.max
