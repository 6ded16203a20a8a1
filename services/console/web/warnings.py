"""The pages of warnings: the list, live and filtered; one warning with its evidence; and what operators do with it, each an event on its topic."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import uuid4

from starlette.responses import RedirectResponse, Response

from schemas.catalogue import ACTION_TYPES, ACTIONS, WARNING_TYPES, WARNINGS
from schemas.codes import WarningKind
from schemas.envelope import read_event, write_event
from schemas.monitoring import Warning
from schemas.texts import on_one_line
from services.console.domain import places
from services.console.domain.warnings import LEVELS, STATES, Done, assignee_of, state_of
from services.console.web.figures import figure_name, figure_of, named
from services.console.web.persons import back_to
from services.console.web.room import Visit, audit, failure, render
from services.console.web.warning_list import PAGE_ROWS, Filter, list_warnings, recent_warnings
from services.ledger.letters.audit import SOURCE
from services.runtime.records import Record, TopicPartition

_VERBS = {"acknowledge": "acknowledged", "assign": "assigned", "comment": "commented", "close": "closed"}
SHOWN_S, LOOK_S = 2.0, 0.05
"""How long a page waits until what was done shows in the console's own view, and how often it looks."""


async def index(visit: Visit) -> Response:
    """The list; asked for as a fragment, its tables alone."""
    query = visit.query
    chosen = Filter(**{name: query.get(name, "open" if name == "state" else "") for name in Filter.__slots__})
    page = int(query["page"]) if re.fullmatch(r"\d{1,6}", query.get("page", "")) else 0
    room = visit.room
    listed = await list_warnings(room.shelf, room.policies.known(), chosen, page)
    is_fragment = visit.request.headers.get("X-Medaid-Fragment") == "warnings"
    return render(
        visit,
        "warning_rows.html" if is_fragment else "warnings.html",
        chosen=chosen,
        listed=listed,
        page=page,
        pages=-(-listed.total // PAGE_ROWS),
        recent=await recent_warnings(room.shelf),
        kinds=get_args(WarningKind),
        levels=LEVELS,
        states=STATES,
        years=[(year, year) for year in listed.years],
        link=lambda **changes: _link(chosen, page, changes),
        named=lambda warning_id: named(visit, warning_id),
        figure=lambda warning_id, figure, is_clear=False: figure_of(warning_id, figure, is_clear=is_clear),
    )


def _link(chosen: Filter, page: int, changes: Mapping[str, Any]) -> str:
    """The list with another filter or page."""
    fields = {name: getattr(chosen, name) for name in Filter.__slots__}
    return "/warnings?" + urlencode({**fields, "page": page, **changes})


async def show(visit: Visit) -> Response:
    """One warning."""
    room = visit.room
    warning_id = room.masks.open("warning", visit.path["warning"])
    known = None if warning_id is None else await _known(visit, warning_id)
    if warning_id is None or known is None:
        return failure(room, visit.request, 404, visit.visitor)
    newest, actions, done = known
    subject = warning_id.split("/")[2]
    token = room.masks.token("person", subject)
    of_hospital = warning_id.partition("/")[0] in places.HOSPITAL_KINDS
    is_clear = of_hospital or room.sessions.is_clear(visit.request, visit.visitor, token)
    return render(
        visit,
        "warning.html",
        spoken_in=warning_id.split("/")[1],
        warning_id=warning_id,
        token=visit.path["warning"],
        person_token="" if of_hospital else token,
        shown=named(visit, warning_id),
        subject=subject,
        newest=newest,
        state=state_of(newest, done),
        assignee=assignee_of(newest, done),
        actions=list(reversed(actions)),
        told=await _told(visit, warning_id, newest),
        is_clear=is_clear,
        sees_evidence=room.sessions.is_clear(visit.request, visit.visitor, visit.path["warning"] if of_hospital else token),
        figure=lambda figure, is_clear=is_clear: figure_of(warning_id, figure, is_clear=is_clear),
        figure_name=lambda name: figure_name(visit, warning_id, name),
        claim_address=lambda key: f"/persons/{token}/claims/{room.masks.token('claim', key)}",
    )


async def unmask(visit: Visit) -> Response:
    """Show the claims behind a hospital's warning for a while, once the audit has been told; those of a person's are shown with the person."""
    warning_id = visit.room.masks.open("warning", visit.path["warning"])
    if warning_id is None or warning_id.partition("/")[0] not in places.HOSPITAL_KINDS:
        return failure(visit.room, visit.request, 404, visit.visitor)
    await audit(visit.room, "unmasked", visit.visitor.operator, visit.visitor.client, warning_id=warning_id)
    visit.room.sessions.unmask(visit.request, visit.path["warning"])
    return RedirectResponse(f"/warnings/{visit.path['warning']}", 303)


async def act(visit: Visit) -> Response:
    """Write what the operator does with the episode that he saw, and show the warning again once it shows."""
    room = visit.room
    warning_id = room.masks.open("warning", visit.path["warning"])
    verb = _VERBS.get(visit.form.get("verb", ""))
    known = None if warning_id is None else await _known(visit, warning_id)
    if warning_id is None or known is None or verb is None:
        return failure(room, visit.request, 404, visit.visitor)
    comment, assignee = on_one_line(visit.form.get("comment", "")), on_one_line(visit.form.get("assignee", ""))
    episode = visit.form.get("episode", "")
    is_usable = len(comment) <= 2000 and len(assignee) <= 128 and (comment + assignee).isprintable() and (comment or verb != "commented")
    if not is_usable or not re.fullmatch(r"[1-9]\d{0,9}", episode):
        return failure(room, visit.request, 400, visit.visitor)
    kind, region, subject, year = warning_id.split("/")[:4]
    data: dict[str, Any] = {
        "warning_id": warning_id,
        "episode": int(episode),
        "kind": kind,
        "region": region,
        "year": int(year),
        "subject": subject,
        "operator": visit.visitor.operator,
        "comment": comment or None,
    }
    if verb == "assigned":
        data["assignee"] = assignee or None
    kind_of_event, event_id = f"monitoring.action.{verb}.v1", uuid4().hex
    told = ACTION_TYPES[kind_of_event].model_validate(data).wire()
    value = write_event(kind_of_event, SOURCE, event_id, room.now().isoformat(timespec="milliseconds"), told)
    await room.outside.send(Record(ACTIONS, room.shelf.lane_of(subject), 0, subject.encode(), value))
    await _await_shown(visit, warning_id, event_id)
    return RedirectResponse(back_to(visit, f"/warnings/{visit.path['warning']}"), 303)


async def _await_shown(visit: Visit, warning_id: str, event_id: str) -> None:
    """Return when the console's view has the action, or after a while: it is written, and will show."""
    for _ in range(int(SHOWN_S / LOOK_S)):
        known = await _known(visit, warning_id)
        if known is not None and any(action["id"] == event_id for action in known[1]):
            return
        await asyncio.sleep(LOOK_S)


async def _known(visit: Visit, warning_id: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]], Done] | None:
    """What was said last of a warning, what operators did with it last, and what with its present episode; None for an unknown one."""
    parts = warning_id.split("/")
    shelf = visit.room.shelf
    document = places.subject(shelf.lane_of(parts[2]), parts[0], parts[2])
    said, acted, done = (f"{kind}:{warning_id}" for kind in "wae")
    fields = (await shelf.read({document: (said, acted, done)}))[document]
    return (fields[said], fields.get(acted, []), fields.get(done, {})) if said in fields else None


async def _told(visit: Visit, warning_id: str, newest: Mapping[str, Any]) -> Warning | None:
    """The warning's newest record, read by its place; None where it is gone."""
    lane = visit.room.shelf.lane_of(warning_id.split("/")[2])
    record = await visit.room.outside.record(TopicPartition(WARNINGS, lane), newest["offset"])
    if record is None:
        return None
    types: Any = WARNING_TYPES
    warning: Warning = read_event(record.value, record.headers, types, bytes_max=None).data
    return warning
