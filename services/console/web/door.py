"""The door to every page: who asks, whether he may, whether his form is forged; then the page. What is refused is told on the audit topic."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.web.access import Deed
from services.console.web.room import Room, Visit, audit, failure, speech_of
from services.console.web.sessions import is_background, is_forged
from services.runtime.errors import Doubt, Stop
from services.runtime.logging import places_of

log = structlog.get_logger(__name__)

Page = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def door(deed: Deed, page: Page) -> Endpoint:
    """The endpoint of a page that does `deed`."""

    async def enter(request: Request) -> Response:
        room: Room = request.app.state.room
        visitor = await room.sessions.visitor(request)
        if visitor is None:
            return _stranger(room, request)
        if not visitor.roles:
            if room.sessions.is_refused_first(request, visitor):
                await audit(room, "refused", visitor.operator, visitor.client, asked="login")
            return failure(room, request, 403, None)
        if room.sessions.is_new(request, visitor):
            await audit(room, "logged_in", visitor.operator, visitor.client, way="proxy", roles=list(visitor.roles))
            await room.sessions.begin(request, visitor.name, "proxy", visitor.roles)
        form: Mapping[str, str] = {}
        if request.method == "POST":
            sent = await request.form()
            form = {name: value for name, value in sent.items() if isinstance(value, str)}
            if is_forged(request, form.get("csrf")):
                return failure(room, request, 403, visitor)
        if not visitor.may(deed):
            await audit(room, "refused", visitor.operator, visitor.client, asked=deed)
            return failure(room, request, 403, visitor)
        try:
            return await page(Visit(room, request, visitor, speech_of(request), form))
        except (Doubt, Stop):
            raise  # told to whoever asks as what it is
        except Exception as error:
            log.error("page failed", deed=deed, raised=places_of(error))
            return failure(room, request, 500, visitor)

    return enter


def _stranger(room: Room, request: Request) -> Response:
    """A stranger may log in, and then look at what he wanted; what he sends is refused."""
    if request.method != "GET":
        return failure(room, request, 401, None)
    if is_background(request):
        return Response(status_code=401)
    request.session["next"] = request.url.path
    return RedirectResponse("/login", 303)
