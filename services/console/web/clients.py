"""Where a request comes from, and whom a trusted proxy says it comes from. Headers count only from the addresses in MEDAID_CONSOLE_PROXIES.

Who asks is believed of a proxy only where MEDAID_CONSOLE_PROXY_USER says so: one that only ends TLS passes on whatever header a stranger made up.
"""

import ipaddress
from collections.abc import Sequence

from starlette.requests import HTTPConnection

from services.console.settings import ConsoleSettings, Network, networks_in


class Proxies:
    """The trusted reverse proxies of a site."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._networks: Sequence[Network] = networks_in(settings.console_proxies)
        self._user = settings.console_proxy_user
        self._groups = settings.console_proxy_groups

    def client(self, request: HTTPConnection) -> str:
        """The address of whoever asks: the last one on the way that is no trusted proxy."""
        way = [request.client.host if request.client else "unknown"]
        if self._trusts(way[0]):
            way = [*(part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()), *way]
        while len(way) > 1 and self._trusts(way[-1]):
            way.pop()
        return way[-1][:64]

    def names(self, request: HTTPConnection) -> tuple[str, Sequence[str]] | None:
        """Whom a trusted proxy names, and his groups; None where none does."""
        if not self._user:
            return None
        peer = request.client.host if request.client else ""
        name = request.headers.get(self._user, "").strip()
        if not name or not self._trusts(peer):
            return None
        return name[:128], [group.strip() for group in request.headers.get(self._groups, "").split(",") if group.strip()]

    def _trusts(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)
