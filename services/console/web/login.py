"""Logging in and out: with a password of the site's own file, or at its OpenID provider. Every login, and every one refused, is told on the audit topic."""

import asyncio
import re
from math import ceil
from time import monotonic
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.console import Role, Way
from schemas.foreign import visible
from services.console.settings import ConsoleSettings
from services.console.web.access import NAME_LENGTH_MAX, is_name, operator_of
from services.console.web.attempts import Attempts
from services.console.web.room import Room, audit, failure, page_of
from services.console.web.sessions import expect_forms, is_forged
from services.console.web.users import User, Users

HASHES_AT_ONCE, WAITING_MAX = 2, 20
"""Argon2 takes memory on purpose; strangers must not be able to ask for more of it. So many more may wait for their turn; who comes then is sent away."""


_PROVIDER = ":"
"""In the place of a name, for wrong answers of the provider; no user of the file has it."""

_IS_OURS = re.compile(r"/(?![/\\])")
"""A path of this site: what begins with two slashes, of either kind, browsers take for another site."""


class Login:
    """The ways in of one site."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._attempts = Attempts(lambda: monotonic())
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._asking = 0
        self._url = settings.console_url
        self._groups = settings.console_oidc_groups
        self._provider: Any = None
        if settings.console_oidc_issuer:
            self._provider = OAuth().register(
                "medaid",
                server_metadata_url=settings.console_oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
                client_id=settings.console_oidc_client,
                client_secret=settings.console_oidc_secret or None,
                client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
            )

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.password, methods=["POST"]),
            Route("/login/oidc", self.leave, methods=["GET"]),
            Route("/login/oidc/back", self.back, methods=["GET"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    async def form(self, request: Request, status: int = 200, wait_s: float = 0.0) -> Response:
        """The page to log in; with another status it says what was wrong."""
        room: Room = request.app.state.room
        expect_forms(request)
        ways = {"has_file": room.sessions.users is not None, "has_provider": self._provider is not None}
        page = page_of(room, request, None, "login.html", status, code=status, wait_s=ceil(wait_s), **ways)
        if wait_s:
            page.headers["Retry-After"] = str(ceil(wait_s))
        return page

    async def password(self, request: Request) -> Response:
        """Look at a name and password."""
        room: Room = request.app.state.room
        sent = await request.form()
        name, password = str(sent.get("name", ""))[:64], str(sent.get("password", ""))[:1024]
        client = room.sessions.proxies.client(request)
        if room.sessions.users is None or is_forged(request, sent.get("csrf")):
            return failure(room, request, 403, None)
        tried = await self._try(room.sessions.users, name, password, client)
        if isinstance(tried, float):
            return await self.form(request, 429, tried)
        if tried is None:
            known = room.sessions.users.find(name)
            await audit(room, "refused", operator_of("local", known.name) if known else None, client, asked="login")
            return await self.form(request, 403)
        return await self._let_in(room, request, tried.name, "local", list(tried.roles), tried.stamp)

    async def _try(self, users: Users, name: str, password: str, client: str) -> User | float | None:
        """Whose password it is; None for nobody's, or how many seconds must pass before it is looked at: asked again when its turn comes, for those before
        may have been wrong.
        """
        if self._asking >= HASHES_AT_ONCE + WAITING_MAX:
            return 1.0
        self._asking += 1
        try:
            async with self._hashing:
                wait_s = self._attempts.wait_s(name, client)
                if wait_s:
                    return wait_s
                self._attempts.note(name, client)
                user = await asyncio.to_thread(users.known, name, password)
                if user is not None:
                    self._attempts.take_back(name, client)
                return user
        finally:
            self._asking -= 1

    async def leave(self, request: Request) -> Response:
        """Go to the provider."""
        room: Room = request.app.state.room
        if self._provider is None:
            return failure(room, request, 404, None)
        try:
            away: Response = await self._provider.authorize_redirect(request, self._url + "/login/oidc/back")
        except (HTTPError, OAuthError):
            return failure(room, request, 503, None)
        return away

    async def back(self, request: Request) -> Response:
        """Come back from the provider."""
        room: Room = request.app.state.room
        if self._provider is None:
            return failure(room, request, 404, None)
        client = room.sessions.proxies.client(request)
        if not any(
            name.startswith("_state_medaid_") for name in request.session
        ):  # nobody began a login: strangers must not fill the audit
            return failure(room, request, 403, None)
        try:
            claims = (await self._provider.authorize_access_token(request))["userinfo"]
        except (HTTPError, OAuthError, JoseError, LookupError, ValueError):
            if not self._attempts.wait_s(_PROVIDER, client):  # each is looked at, but strangers must not fill the audit
                self._attempts.note(_PROVIDER, client)
                await audit(room, "refused", None, client, asked="login")
            return failure(room, request, 403, None)
        name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:NAME_LENGTH_MAX]
        groups = claims.get(self._groups) or []
        roles = room.sessions.roles_of([groups] if isinstance(groups, str) else [str(group) for group in groups])
        if not roles or not is_name(name):
            await audit(room, "refused", operator_of("oidc", visible(name)[:NAME_LENGTH_MAX]), client, asked="login")
            return failure(room, request, 403, None)
        return await self._let_in(room, request, name, "oidc", list(roles))

    async def logout(self, request: Request) -> Response:
        """End the session, wherever its cookie was copied to. It is ended also where the audit cannot be told: that is logged, and told as 503."""
        room: Room = request.app.state.room
        visitor = await room.sessions.visitor(request)
        if is_forged(request, (await request.form()).get("csrf")):
            return failure(room, request, 403, visitor)
        await room.sessions.end(request)
        if visitor is not None:
            await audit(room, "logged_out", visitor.operator, visitor.client, way=visitor.way)
        return RedirectResponse("/login", 303)

    async def _let_in(self, room: Room, request: Request, name: str, way: Way, roles: list[Role], stamp: str = "") -> Response:
        """Tell it first: who cannot be told of is not let in."""
        wanted = request.session.get("next", "/")
        await audit(room, "logged_in", operator_of(way, name), room.sessions.proxies.client(request), way=way, roles=roles)
        await room.sessions.begin(request, name, way, roles, stamp)
        return RedirectResponse(wanted if _IS_OURS.match(wanted) else "/", 303)
