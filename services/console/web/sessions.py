"""Who is asking: by a trusted proxy's headers, else by the session that a login began. Sessions are signed cookies, so that every process knows them.

A cookie alone opens nothing: the register (`adapters/register.py`) must have its session open, so that one that was logged out is over in every copy.
A session holds its id there, the name, the way of the login, when it began and was last used, the token against forged requests, and whom the operator
has unmasked, as a token. What a local user may do is looked up in the site's file at every request; with another password there, what was begun with the old
one is over.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request

from schemas.console import Role, Way
from services.console.adapters.register import Register
from services.console.settings import ConsoleSettings, roles_in
from services.console.web.access import Visitor
from services.console.web.clients import Proxies
from services.console.web.users import Users

SEEN_S = 60
"""How old the time of the last request in a session may be before it is written anew, seconds."""


class Sessions:
    """The sessions of a site."""

    def __init__(self, settings: ConsoleSettings, users: Users | None, register: Register, now_s: Callable[[], float] = time.time) -> None:
        self._register = register
        self.proxies = Proxies(settings)
        self.users = users
        self._groups: Mapping[str, Role] = roles_in(settings.console_roles)
        self._idle_s = settings.console_idle_minutes * 60
        self._lasts_s = settings.console_session_hours * 3600
        self._clear_s = settings.console_unmask_minutes * 60
        self._now_s = now_s

    def roles_of(self, groups: Sequence[str]) -> Sequence[Role]:
        """What the groups of a proxy or provider give."""
        return sorted({self._groups[group] for group in groups if group in self._groups})

    async def begin(self, request: Request, name: str, way: Way, roles: Sequence[Role], stamp: str = "") -> None:
        """Begin a session; an earlier one is over. `stamp` is that of a local user. Raises: Doubt."""
        session, now_s = secrets.token_urlsafe(24), self._now_s()
        await self.end(request)
        await self._register.open(session, self._lasts_s)
        request.session.update(
            {
                "id": session,
                "name": name,
                "way": way,
                "roles": list(roles),
                "began": now_s,
                "seen": now_s,
                "csrf": secrets.token_urlsafe(24),
                "stamp": stamp,
            }
        )

    async def end(self, request: Request) -> None:
        """End the session, in this cookie and in every copy of it. Raises: Doubt, and then it goes on."""
        if "id" in request.session:
            await self._register.end(request.session["id"])
        request.session.clear()

    async def visitor(self, request: Request) -> Visitor | None:
        """Who asks; None for a stranger, or when the session is over. Whom a proxy names without a group of ours has no role. Raises: Doubt."""
        named = self.proxies.names(request)
        session = request.session
        if named is not None:
            return Visitor(named[0], self.roles_of(named[1]), "proxy", self.proxies.client(request))
        if session.get("way") not in ("local", "oidc") or self._is_over(session) or not await self._register.is_open(session.get("id", "")):
            return None
        if self._now_s() - session["seen"] > SEEN_S and not is_background(request):
            session["seen"] = self._now_s()
        known = self._roles(session)
        return Visitor(session["name"], known, session["way"], self.proxies.client(request)) if known else None

    def is_new(self, request: Request, visitor: Visitor) -> bool:
        """Whether a trusted proxy names somebody whom this session does not know yet."""
        return visitor.way == "proxy" and (request.session.get("name"), request.session.get("way")) != (visitor.name, "proxy")

    def is_refused_first(self, request: Request, visitor: Visitor) -> bool:
        """Whether this session has not been told yet that this one may nothing; it has then."""
        told: object = request.session.get("refused")
        request.session["refused"] = visitor.name
        return told != visitor.name

    def unmask(self, request: Request, token: str) -> None:
        """Remember that this one person, or dead letter, is shown in clear for a while."""
        request.session["clear"] = [token, self._now_s() + self._clear_s]

    def mask(self, request: Request) -> None:
        """Show nobody in clear any more."""
        request.session.pop("clear", None)

    def is_clear(self, request: Request, visitor: Visitor, token: str) -> bool:
        """Whether that is the one shown in clear now, to somebody who still may see it."""
        if not visitor.may("unmask"):
            return False
        shown, until_s = request.session.get("clear") or ("", 0.0)
        return bool(shown == token and self._now_s() < until_s)

    def _is_over(self, session: Mapping[str, Any]) -> bool:
        now_s = self._now_s()
        return bool(now_s - session["seen"] > self._idle_s or now_s - session["began"] > self._lasts_s)

    def _roles(self, session: Mapping[str, Any]) -> Sequence[Role]:
        if session["way"] == "oidc":
            return list(session["roles"])
        user = self.users.find(session["name"]) if self.users else None
        return user.roles if user and user.stamp == session.get("stamp") else ()


def is_background(request: Request) -> bool:
    """Whether an open page asks by itself, for what is new: that is no use of the session, which must end though a page stays open."""
    return request.url.path == "/live" or "X-Medaid-Fragment" in request.headers


def expect_forms(request: Request) -> None:
    """Give a session that has none yet its token against forged requests."""
    request.session.setdefault("csrf", secrets.token_urlsafe(24))


def csrf_of(request: Request) -> str:
    """The token that every form of this session carries."""
    token: str = request.session.get("csrf", "")
    return token


def is_forged(request: Request, token: object) -> bool:
    """Whether a form does not come from a page of this session."""
    known = csrf_of(request)
    return not known or not isinstance(token, str) or not secrets.compare_digest(known.encode(), token.encode(errors="replace"))
