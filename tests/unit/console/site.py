"""The console's pages over the embedded services, asked by an ordinary HTTP client: what a browser would get, without one."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
from httpx2 import Response
from starlette.testclient import TestClient

from schemas.catalogue import AUDIT, CLAIMS
from schemas.console import Role
from services.console.adapters.embedded import EmbeddedOutside
from services.console.adapters.outside import Neighbours
from services.console.adapters.register import MemoryRegister, Register
from services.console.neighbours import neighbours
from services.console.service import ConsoleService
from services.console.settings import ConsoleSettings
from services.console.web.room import Room, furnish
from services.console.web.serving import application
from services.console.web.users import Users, entry
from services.ledger.services import all_services
from services.runtime.embedded import Embedded
from services.runtime.errors import Doubt
from services.runtime.records import Document, Record, Want
from tests.unit.monitoring.world import Event, policies

PARTITIONS = 2
PASSWORD = "sehr geheim"
ROLES: dict[str, Role] = {"kan": "viewer", "li": "operator", "sun": "auditor", "gui": "planner"}
"""One user for each role."""

Data = dict[str, Any]


class CountingOutside(EmbeddedOutside):
    """The port `Outside`, which notes every document and field that a page touches."""

    touched: list[tuple[str, int]]
    records: int

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.touched, self.records = [], 0

    async def documents(self, want: Want) -> dict[str, Document]:
        """As the port has it."""
        found = dict(await super().documents(want))
        self.touched += [(key, len(document)) for key, document in found.items()]
        return found

    async def record(self, partition: Any, offset: int) -> Record | None:
        """As the port has it."""
        self.records += 1
        return await super().record(partition, offset)


@dataclass
class Site:
    """A console with its services; `browser` is somebody at it."""

    embedded: Embedded
    outside: CountingOutside
    room: Room
    app: Any
    clock: list[float]

    def feed(self, *events: Event) -> "Site":
        """Publish events and let all services settle them."""
        records = [Record(event.topic, self.lane(event.key), 0, event.key.encode(), event.value) for event in events]
        asyncio.run(self.outside.feed(records))
        return self

    def lane(self, home: str) -> int:
        """The lane of a person or hospital."""
        return self.room.shelf.lane_of(home)

    def audited(self) -> list[Data]:
        """Every event of the audit: its verb, and its data."""
        events = [orjson.loads(record.value or b"") for record in self.embedded.kafka.records(AUDIT)]
        return [{"verb": event["type"].split(".")[2], **event["data"]} for event in sorted(events, key=lambda event: event["time"])]

    def letter(self, number: int) -> str:
        """The token of a refused claim: the first of the day has impossible amounts, the second another content than the one before."""
        reason = ("invalid_amounts", "conflicting_duplicate")[number]
        letters = self.embedded.kafka.records(CLAIMS + ".dlq")
        record = next(letter for letter in letters if orjson.loads(letter.value or b"")["data"]["reason"] == reason)
        return self.token("letter", f"{record.topic}|{record.partition}|{record.offset}")

    def token(self, kind: Any, text: str) -> str:
        """What stands in the place of an id in an address."""
        return self.room.masks.token(kind, text)


class Browser:
    """Somebody who looks at pages, follows redirects and sends the forms that he is shown."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, address: str, status: int = 200, **headers: str) -> str:
        """A page, which must come with `status`."""
        return self._text(self.client.get(address, headers=headers), status)

    def send(self, address: str, status: int = 200, **fields: str) -> str:
        """A form with the token of this session."""
        return self._text(self.client.post(address, data={"csrf": self.csrf(), **fields}), status)

    def csrf(self) -> str:
        """The token of this session's forms; empty where no form is shown."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get("/login").text)
        return found.group(1) if found else ""

    def log_in(self, name: str, password: str = PASSWORD, status: int = 200) -> "Browser":
        """With the site's own file of users."""
        self.send("/login", status, name=name, password=password)
        return self

    def _text(self, answer: Response, status: int) -> str:
        assert answer.status_code == status, (answer.status_code, answer.url, answer.text[:400])
        return answer.text


async def nothing_tried(_: bytes) -> bytes:
    """In place of the laboratory over a real ledger."""
    raise Doubt("no ledger here")


async def no_difference() -> int:
    """In place of the verification of a real ledger."""
    return 0


@contextmanager
def site(
    folder: Path,
    make: Callable[[], Sequence[Any]] = lambda: [*all_services(policies()), ConsoleService(policies())],
    known: Neighbours | None = None,
    register: Register | None = None,
    **settings: Any,
) -> Iterator[Site]:
    """A site with one user for each role, whose sessions' clock stands still until it is moved; its records can be read again."""
    path = folder / "users"
    if not path.exists():
        path.write_text("# the site's users\n" + "".join(entry(name, [role], PASSWORD) + "\n" for name, role in ROLES.items()), "utf-8")
    chosen = ConsoleSettings(console_users=str(path), console_secret="s" * 32, **settings)
    embedded = Embedded(make(), PARTITIONS, keeps_records=True)
    asyncio.run(embedded.start())
    known = known or replace(neighbours(policies()), verify=no_difference, reform=nothing_tried)
    outside = CountingOutside(embedded, PARTITIONS, known.inputs, lambda: 1_764_122_400_000)
    clock = [0.0]
    room = furnish(chosen, policies(), outside, known, Users(path), lambda: True, register or MemoryRegister(lambda: clock[0]))
    made = Site(embedded, outside, room, application(room), clock)
    room.sessions._now_s = lambda: made.clock[0]
    yield made


@contextmanager
def browser(place: Site, **more: Any) -> Iterator[Browser]:
    """Somebody at the site's address."""
    with TestClient(place.app, base_url="http://testserver", client=("10.1.2.3", 50_000), **more) as client:
        yield Browser(client)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(page: str) -> str:
    """What a reader reads of a page, its white space folded."""
    parser = _Text()
    parser.feed(page)
    return " ".join(" ".join(parser.parts).split())
