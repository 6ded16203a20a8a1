"""Who may do what. What a role may not do is refused here, on the server, whatever a page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.console import Role, Way

Deed = Literal["look", "find", "unmask", "act", "replay", "verify", "audit"]

MAY: Mapping[Deed, frozenset[Role]] = {
    "look": frozenset({"viewer", "operator", "auditor"}),
    "find": frozenset({"operator"}),
    "unmask": frozenset({"operator"}),
    "act": frozenset({"operator"}),
    "replay": frozenset({"operator"}),
    "verify": frozenset({"operator", "auditor"}),
    "audit": frozenset({"auditor"}),
}
"""Each deed, and the roles that may do it: look at masked pages, find a person by his id, see one in clear (what-if and explanations too), act on
warnings, send refused records again, verify the ledger, read the audit."""


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

    def may(self, deed: Deed) -> bool:
        """Whether one of his roles may do this."""
        return not MAY[deed].isdisjoint(self.roles)
