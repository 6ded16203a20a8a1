"""The console as a web application. Not here: the server that serves it (`server.py`)."""

import contextlib
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from services.console.web import audits, cities, claims, health, letters, persons, reforms, warnings
from services.console.web.door import door
from services.console.web.live import Live
from services.console.web.login import Login
from services.console.web.room import Room, failure, is_secure
from services.console.web.writing import HERE
from services.runtime.errors import Doubt, Stop

BODY_BYTES_MAX = 1 << 20
"""Of what a form may send."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guarded:
    """Puts the security headers on every answer, and refuses what is too large."""

    def __init__(self, app: Any, *, secure: bool) -> None:
        self._app = app
        self._headers = _HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_static = scope["path"].startswith("/static/")

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers["Cache-Control"] = "max-age=3600" if is_static else "no-store"
            await send(message)

        length = Request(scope).headers.get("content-length", "0")
        if scope["method"] == "POST" and not (length.isdigit() and 0 < int(length) <= BODY_BYTES_MAX):
            await Response("too large, or of no length", 413)(scope, receive, with_headers)
            return
        with contextlib.suppress(ClientDisconnect):  # whoever asked has gone, or was cut before he had sent all of it
            await self._app(scope, receive, with_headers)


async def _home(request: Request) -> Response:
    """Warnings, or, for whoever may not look at them, what he may do."""
    visitor = await request.app.state.room.sessions.visitor(request)
    return RedirectResponse("/reforms" if visitor is not None and not visitor.may("look") else "/warnings", 303)


async def _away(request: Request, _: Exception) -> Response:
    """Kafka or Redis is away, or this process has just begun."""
    return await _told(request, 503)


async def _missing(request: Request, _: Exception) -> Response:
    return await _told(request, 404)


async def _told(request: Request, status: int) -> Response:
    """Whoever cannot be known, because Redis is away, is told as a stranger is."""
    room: Room = request.app.state.room
    try:
        visitor = await room.sessions.visitor(request)
    except Doubt:
        visitor = None
    return failure(room, request, status, visitor)


def routes(login: Login, live: Live) -> list[Route | Mount]:
    """Every address, and the deed that it takes."""

    def page(path: str, deed: Any, show: Any, method: str = "GET") -> Route:
        return Route(path, door(deed, show), methods=[method])

    return [
        Mount("/static", StaticFiles(directory=HERE / "static")),
        *login.routes(),
        Route("/", _home),
        page("/live", "look", live.stream),
        page("/warnings", "look", warnings.index),
        page("/warnings/{warning}", "look", warnings.show),
        page("/warnings/{warning}", "act", warnings.act, "POST"),
        page("/warnings/{warning}/unmask", "unmask", warnings.unmask, "POST"),
        page("/persons", "find", persons.find, "POST"),
        page("/persons/{person}", "look", persons.show),
        page("/persons/{person}/unmask", "unmask", persons.unmask, "POST"),
        page("/persons/{person}/mask", "look", persons.mask, "POST"),
        page("/persons/{person}/claims/{claim}", "unmask", claims.show),
        page("/cities", "sums", cities.first),
        page("/cities/{region}", "sums", cities.show),
        page("/cities/{region}/policy", "sums", cities.policy),
        page("/reforms", "plan", reforms.first),
        page("/reforms/{region}", "plan", reforms.show),
        page("/reforms/{region}", "plan", reforms.run, "POST"),
        page("/reforms/{region}/cancel", "plan", reforms.cancel, "POST"),
        page("/health", "look", health.show),
        page("/health/verify", "verify", health.verify, "POST"),
        page("/letters", "look", letters.index),
        page("/letters/{letter}", "look", letters.show),
        page("/letters/{letter}/unmask", "unmask", letters.unmask, "POST"),
        page("/letters/{letter}/replay", "replay", letters.replay, "POST"),
        page("/audit", "audit", audits.show),
    ]


def application(room: Room) -> Starlette:
    """The web application of a room."""
    live, paces = Live(room.shelf), health.Paces(room.outside)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        paces.start()
        yield
        paces.close()
        if app.state.verifying is not None:
            app.state.verifying.cancel()
        app.state.laboratory.cancel()
        await live.close()

    app = Starlette(
        routes=routes(Login(room.settings), live),
        middleware=[
            Middleware(Guarded, secure=is_secure(room)),
            Middleware(
                SessionMiddleware,
                secret_key=room.masks.session_key,
                session_cookie="medaid-session",
                max_age=room.settings.console_session_hours * 3600,
                https_only=is_secure(room),
            ),
        ],
        exception_handlers={Doubt: _away, Stop: _away, 404: _missing, 405: _missing},
        lifespan=lifespan,
    )
    app.state.room, app.state.live, app.state.paces, app.state.verifying, app.state.not_verified = room, live, paces, None, ""
    app.state.laboratory = reforms.Laboratory()
    return app
