"""What every page has at hand: the room that all share, one visit, the page in the visitor's language, and the audit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.adapters.outside import Neighbours, Outside
from services.console.adapters.register import Register
from services.console.settings import ConsoleSettings
from services.console.web.access import Visitor
from services.console.web.masks import HIDDEN, Masks
from services.console.web.sessions import Sessions, csrf_of
from services.console.web.shelf import Shelf
from services.console.web.users import Users
from services.console.web.words import say
from services.console.web.writing import local_now, templates
from services.ledger.letters.audit import audit_record
from services.policy.declared import labels_of
from services.policy.library import Policies
from services.policy.parts import Label
from services.policy.words import Lang, Speech

log = structlog.get_logger(__name__)

LANG_COOKIE = "medaid-lang"


@dataclass(frozen=True, slots=True)
class Room:
    """What the pages share.

    Attributes:
        is_current: Whether all lanes of this process follow their topics: if not, figures may be behind.
        now: The time, for what is written.
    """

    settings: ConsoleSettings
    policies: Policies
    outside: Outside
    neighbours: Neighbours
    shelf: Shelf
    masks: Masks
    sessions: Sessions
    templates: Environment
    is_current: Callable[[], bool]
    now: Callable[[], datetime]


def furnish(
    settings: ConsoleSettings,
    policies: Policies,
    outside: Outside,
    neighbours: Neighbours,
    users: Users | None,
    is_current: Callable[[], bool],
    register: Register,
) -> Room:
    """The room of a site, with templates and keys made here."""
    masks = Masks(settings.console_secret)
    return Room(
        settings,
        policies,
        outside,
        neighbours,
        Shelf(outside),
        masks,
        Sessions(settings, users, register),
        templates(),
        is_current,
        local_now,
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who may ask. `form` is empty unless something was sent."""

    room: Room
    request: Request
    visitor: Visitor
    speech: Speech
    form: Mapping[str, str]

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the address that its route names."""
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the question mark."""
        return self.request.query_params


async def audit(room: Room, verb: str, operator: str | None, client: str, /, **more: Any) -> str:
    """Write an event of the audit. Returns: where it lies. Raises: Doubt, and then what it tells must not be done."""
    record = audit_record(verb, room.now(), len(room.shelf.lanes), operator=operator, client=client, **more)
    return await room.outside.send(record)


def speech_of(request: Request) -> Speech:
    """The language asked for: by the address, by the cookie, else by the browser."""
    for lang in (request.query_params.get("lang"), request.cookies.get(LANG_COOKIE)):
        if lang in ("zh", "en"):
            return Speech("zh" if lang == "zh" else "en")
    wanted: Lang = "en" if request.headers.get("Accept-Language", "zh").lower().startswith("en") else "zh"
    return Speech(wanted)


def render(visit: Visit, template: str, status: int = 200, **context: Any) -> Response:
    """A page."""
    return page_of(visit.room, visit.request, visit.visitor, template, status, **context)


def page_of(room: Room, request: Request, visitor: Visitor | None, template: str, status: int = 200, **context: Any) -> Response:
    """A page, also for strangers; `spoken_in` of `context` is the region whose names it uses, where it is about one."""
    speech = speech_of(request).of(_own_labels(room, context.get("spoken_in")))
    shared = {
        "speech": speech,
        "t": speech.pick,
        "say": lambda code: say(speech, code),
        "pairs": lambda codes, prefix: [(code, say(speech, prefix + code)) for code in codes],
        "visitor": visitor,
        "csrf": csrf_of(request),
        "path": request.url.path,
        "is_current": room.is_current(),
        "regions": regions_of(room, speech),
        "masks": room.masks,
        "hidden": HIDDEN,
    }
    response = HTMLResponse(room.templates.get_template(template).render(shared | context), status)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(LANG_COOKIE, speech.lang, max_age=31_536_000, httponly=True, samesite="lax", secure=is_secure(room))
    return response


def _own_labels(room: Room, region: str | None) -> Mapping[str, Label]:
    """The names of the codes that `region` declared, or where none is meant all regions; of two with one code the first's."""
    labels: dict[str, Label] = {}
    for one in [region] if region is not None and region in room.policies.current else room.policies.regions():
        for policy in reversed(room.policies.current[one]):
            labels = {**labels_of(policy.file), **labels}
    return labels


def is_secure(room: Room) -> bool:
    """Whether browsers come over https."""
    return room.settings.console_url.startswith("https:")


def regions_of(room: Room, speech: Speech) -> Sequence[tuple[str, str]]:
    """Code and name of each region; of one whose policy files have faults the code alone is known."""
    current = room.policies.current
    return [(region, speech.label(current[region][-1].file.title) if region in current else region) for region in room.policies.known()]


def failure(room: Room, request: Request, status: int, visitor: Visitor | None) -> Response:
    """What is told when something cannot be shown or done."""
    return page_of(room, request, visitor, "failure.html", status, code=status)
