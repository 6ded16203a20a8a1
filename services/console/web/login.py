"""Logging in and out: with a password of the site's own file, or at its OpenID provider. Every login, and every one refused, is told on the audit topic."""

import asyncio
from collections import OrderedDict
from time import monotonic
from typing import Any, Literal

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.console.settings import ConsoleSettings
from services.console.web.room import Room, audit, failure, page_of
from services.console.web.sessions import expect_forms, is_forged
from services.console.web.users import User, Users

TRIES_MAX, TRIES_S = 5, 300.0
"""So many wrong passwords from one address, or for one name, or wrong answers of the provider, within so many seconds; then none is looked at."""

TRIED_MAX = 10_000
"""Of how many addresses and names it is remembered."""

HASHES_AT_ONCE, WAITING_MAX = 2, 20
"""Argon2 takes memory on purpose; strangers must not be able to ask for more of it. So many more may wait for their turn; who comes then is sent away."""


class Attempts:
    """Logins that failed, by address and by name."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def are_too_many(self, *keys: str) -> bool:
        """Whether one of them has tried too often of late."""
        now_s = monotonic()
        return any(count >= TRIES_MAX and now_s - at_s < TRIES_S for count, at_s in (self._tries.get(key, (0, 0.0)) for key in keys))

    def note(self, *keys: str) -> None:
        """One more."""
        now_s = monotonic()
        for key in keys:
            count, at_s = self._tries.pop(key, (0, now_s))
            self._tries[key] = (count + 1 if now_s - at_s < TRIES_S else 1, now_s)
        while len(self._tries) > TRIED_MAX:
            self._tries.popitem(last=False)

    def take_back(self, *keys: str) -> None:
        """The last one was none: it was right."""
        for key in keys:
            count, at_s = self._tries.get(key, (0, 0.0))
            if count:
                self._tries[key] = (count - 1, at_s)


class Login:
    """The ways in of one site."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._attempts = Attempts()
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

    async def form(self, request: Request, status: int = 200, wrong: bool = False) -> Response:
        """The page to log in."""
        room: Room = request.app.state.room
        expect_forms(request)
        ways = {"has_file": room.sessions.users is not None, "has_provider": self._provider is not None}
        return page_of(room, request, None, "login.html", status, wrong=wrong, code=status, **ways)

    async def password(self, request: Request) -> Response:
        """Look at a name and password."""
        room: Room = request.app.state.room
        sent = await request.form()
        name, password = str(sent.get("name", ""))[:64], str(sent.get("password", ""))[:1024]
        client = room.sessions.proxies.client(request)
        if room.sessions.users is None or is_forged(request, sent.get("csrf")):
            return failure(room, request, 403, None)
        tried = await self._try(room.sessions.users, name, password, client)
        if tried == "too many":
            return await self.form(request, 429, wrong=True)
        if tried == "wrong":
            known = room.sessions.users.find(name)
            await audit(room, "refused", known.name if known else None, client, asked="login")
            return await self.form(request, 403, wrong=True)
        return await self._let_in(room, request, tried.name, "local", list(tried.roles), tried.stamp)

    async def _try(self, users: Users, name: str, password: str, client: str) -> User | Literal["wrong", "too many"]:
        """Look whether that is his password. Whether there were too many tries is asked when his turn comes, for those before him may be who tried."""
        keys = (f"address {client}", f"name {name}")
        if self._attempts.are_too_many(*keys) or self._asking >= HASHES_AT_ONCE + WAITING_MAX:
            return "too many"
        self._asking += 1
        try:
            async with self._hashing:
                if self._attempts.are_too_many(*keys):
                    return "too many"
                self._attempts.note(*keys)
                user = await asyncio.to_thread(users.known, name, password)
                if user is None:
                    return "wrong"
                self._attempts.take_back(*keys)
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
        key = f"provider {client}"
        if not any(
            name.startswith("_state_medaid_") for name in request.session
        ):  # nobody began a login: strangers must not fill the audit
            return failure(room, request, 403, None)
        if self._attempts.are_too_many(key):
            return await self.form(request, 429, wrong=True)
        self._attempts.note(key)
        try:
            claims = (await self._provider.authorize_access_token(request))["userinfo"]
        except (HTTPError, OAuthError, JoseError, LookupError, ValueError):
            await audit(room, "refused", None, client, asked="login")
            return failure(room, request, 403, None)
        name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:128]
        groups = claims.get(self._groups) or []
        roles = room.sessions.roles_of([groups] if isinstance(groups, str) else [str(group) for group in groups])
        if not roles:
            await audit(room, "refused", name, client, asked="login")
            return failure(room, request, 403, None)
        self._attempts.take_back(key)
        return await self._let_in(room, request, name, "oidc", list(roles))

    async def logout(self, request: Request) -> Response:
        """End the session."""
        room: Room = request.app.state.room
        if is_forged(request, (await request.form()).get("csrf")):
            return failure(room, request, 403, room.sessions.visitor(request))
        request.session.clear()
        return RedirectResponse("/login", 303)

    async def _let_in(self, room: Room, request: Request, name: str, way: Any, roles: list[Any], stamp: str = "") -> Response:
        """Tell it first: who cannot be told of is not let in."""
        wanted = request.session.get("next", "/")
        await audit(room, "logged_in", name, room.sessions.proxies.client(request), way=way, roles=roles)
        room.sessions.begin(request, name, way, roles, stamp)
        return RedirectResponse(wanted if wanted.startswith("/") and not wanted.startswith("//") else "/", 303)
