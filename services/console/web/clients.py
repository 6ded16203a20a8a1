"""Where a request comes from, and whom a trusted proxy says it comes from. Headers count only from the addresses in MEDAID_CONSOLE_PROXIES.

Who asks is believed of a proxy only where MEDAID_CONSOLE_PROXY_USER says so: one that only ends TLS passes on whatever header a stranger made up.
"""

import ipaddress
from collections.abc import Sequence

import structlog
from starlette.requests import HTTPConnection

from services.console.settings import ConsoleSettings, Network, networks_in
from services.console.web.access import is_name

log = structlog.get_logger(__name__)


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
            way = [*_parts(request.headers.getlist("X-Forwarded-For")), *way]
        while len(way) > 1 and self._trusts(way[-1]):
            way.pop()
        return way[-1][:64]

    def names(self, request: HTTPConnection) -> tuple[str, Sequence[str]] | None:
        """Whom a trusted proxy names, and his groups; None where none does."""
        if not self._user:
            return None
        names, groups = request.headers.getlist(self._user), request.headers.getlist(self._groups)
        if not names or not self._trusts(request.client.host if request.client else ""):
            return None
        if len(names) > 1 or len(groups) > 1:  # one of the lines is the stranger's own
            log.warning("a proxy passes on more than one line of who asks: nobody is believed", user=len(names), groups=len(groups))
            return None
        name = names[0].strip()
        return (name, _parts(groups)) if is_name(name) else None

    def _trusts(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _parts(lines: Sequence[str]) -> Sequence[str]:
    """What all lines of a header list, by commas."""
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]
