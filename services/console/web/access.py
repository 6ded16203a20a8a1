"""Who may do what. What a role may not do is refused here, on the server, whatever a page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.console import Role, Way

Deed = Literal["look", "sums", "find", "unmask", "act", "replay", "verify", "audit", "plan"]

MAY: Mapping[Deed, frozenset[Role]] = {
    "look": frozenset({"viewer", "operator", "auditor"}),
    "sums": frozenset({"viewer", "operator", "auditor", "planner"}),
    "find": frozenset({"operator"}),
    "unmask": frozenset({"operator"}),
    "act": frozenset({"operator"}),
    "replay": frozenset({"operator"}),
    "verify": frozenset({"operator", "auditor"}),
    "audit": frozenset({"auditor"}),
    "plan": frozenset({"planner"}),
}
"""Each deed, and the roles that may do it: look at masked pages, look at a city's sums and policy, find a person by his id, see one in clear (what-if and
explanations too), act on warnings, send refused records again, verify the ledger, read the audit, try other policies."""


NAME_LENGTH_MAX = 112
"""Of a name that a provider or proxy tells, so that it stands in the audit with its way."""


def is_name(name: str) -> bool:
    """Whether somebody may go by it: it is seen as it is, so that no two look alike for what is not seen in them."""
    return 0 < len(name) <= NAME_LENGTH_MAX and name.isprintable()


def operator_of(way: Way, name: str) -> str:
    """Who somebody is in the audit: `local:li`, `oidc:li`, `proxy:li` are three."""
    return f"{way}:{name}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    Attributes:
        name: As the site's login knows him.
        roles: What he may do.
        way: How he was known.
        client: The address that he came from.
    """

    name: str
    roles: Sequence[Role]
    way: Way
    client: str

    @property
    def operator(self) -> str:
        """As the audit and his actions call him: the way in is part of it, so that nobody whom a provider or proxy names is taken for a user of the file."""
        return operator_of(self.way, self.name)

    def may(self, deed: Deed) -> bool:
        """Whether one of his roles may do this."""
        return not MAY[deed].isdisjoint(self.roles)
