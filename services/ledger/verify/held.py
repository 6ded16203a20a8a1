"""Settlement's view held against what healing from the ledger gives: every document and every holder of a claim key, both ways.

In: a fold that stands at the view's watermark, or before it. Out: differences. Promise: right while the services run: a suspect is looked at again
together with the watermark of that moment, in one step, and the fold is brought to just that watermark before the two are compared.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from services.ledger.verify.contents import document_apart, holder_apart
from services.ledger.verify.fold import Fold, Topics
from services.ledger.verify.form import Tell
from services.runtime.errors import Doubt
from services.runtime.home import home_of
from services.runtime.ports import Loaded
from services.runtime.records import Want

DOCUMENTS_A_LOOK, HOLDERS_A_LOOK = 200, 2_000
"""How much is asked for at a time."""

LOOKS_MAX, LOOK_S = 25, 0.2
"""How many times, and seconds apart, a key that is booked but not settled is looked at: a batch in hand needs about that long."""

T = TypeVar("T")


class Held(Protocol):
    """As much of a view as is needed to look at all of it."""

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port `View` has it."""
        ...

    def documents(self) -> AsyncIterator[str]:
        """The key of every document, of all lanes, some perhaps twice."""
        ...

    def holders(self) -> AsyncIterator[tuple[str, str]]:
        """Every claim key with its holder, of all lanes, some perhaps twice."""
        ...


class Comparison:
    """One lane's part of a view against a fold.

    Attributes:
        booked: Claim keys that are booked for a person of this lane, without a result, and their holders; filled by `run`.
        misheld: Claim keys of this lane that another holder has, which was told.
    """

    def __init__(self, held: Held, topics: Topics, fold: Fold, tell: Tell) -> None:
        self.booked: dict[str, str] = {}
        self.misheld: set[str] = set()
        self._held = held
        self._topics = topics
        self._fold = fold
        self._tell = tell

    async def run(self) -> None:
        """Compare everything.

        Raises:
            Doubt: Redis or Kafka is away, or the view was lost or is being rebuilt.
        """
        documents, holders = await self._suspects()
        for some in batches(documents, DOCUMENTS_A_LOOK):
            found = await self._look(Want(dict.fromkeys(some)))
            for key in some:
                for difference in document_apart(key, self._fold.documents.get(key, {}), found.documents[key]):
                    self._tell(difference)
        for some in batches(holders, HOLDERS_A_LOOK):
            found = await self._look(Want(peeks=frozenset(some)))
            for key in some:
                said, other = self._fold.holders.get(key), found.holders.get(key)
                if said is None and other is not None:
                    self.booked[key] = other
                elif said != other:
                    self._tell_of_holder(key, said, other)
        await self._wait_for_booked()

    async def _suspects(self) -> tuple[list[str], list[str]]:
        """Documents and claim keys that differ at first sight, whatever moved meanwhile."""
        lane, fold = self._topics.lane, self._fold
        documents: dict[str, None] = {}
        holders: dict[str, None] = {}
        for some in batches(fold.documents, DOCUMENTS_A_LOOK):
            found = (await self._held.peek(lane, Want(dict.fromkeys(some)))).documents
            documents |= dict.fromkeys(key for key in some if found[key] != fold.documents[key])
        for some in batches(fold.holders, HOLDERS_A_LOOK):
            held = (await self._held.peek(lane, Want(peeks=frozenset(some)))).holders
            holders |= dict.fromkeys(key for key in some if held.get(key) != fold.holders[key])
        async for key in self._held.documents():
            if key not in fold.documents and self._is_ours(key.split("/")[1:2]):
                documents[key] = None
        async for key, holder in self._held.holders():
            if key not in fold.holders and self._is_ours(holder.split("|")[1:2]):
                holders[key] = None
        return list(documents), list(holders)

    async def _look(self, want: Want) -> Loaded:
        """What the view holds now, and the fold brought to where it then stands.

        Raises:
            Doubt: It stands before the fold: it was lost, or is being rebuilt.
        """
        found = await self._held.peek(self._topics.lane, want)
        at = found.watermark or {}
        behind = [topic for topic, reached in self._fold.reached.items() if at.get(topic, 0) < reached]
        if behind:
            raise Doubt(f"redis: the view of lane {self._topics.lane} was lost or is being rebuilt; verify again when that is done")
        if any(at.get(topic, 0) > scanned for topic, scanned in self._fold.scanned.items()):
            ends = await self._topics.log_ends()
            await self._topics.bring(self._fold, {topic: min(offset, ends.get(topic, 0)) for topic, offset in at.items()})
        return found

    async def _wait_for_booked(self) -> None:
        """Keys are booked before their batch is decided: those that are settled soon, or free again, are no difference."""
        for _ in range(LOOKS_MAX):
            if not self.booked:
                return
            await asyncio.sleep(LOOK_S)
            held = (await self._look(Want(peeks=frozenset(self.booked)))).holders
            for key, said in ((key, self._fold.holders.get(key)) for key in tuple(self.booked)):
                if said is not None or key not in held:
                    del self.booked[key]
                    if said != held.get(key):
                        self._tell_of_holder(key, said, held.get(key))

    def _is_ours(self, person: Sequence[str]) -> bool:
        """Whether the person is at home here; what names nobody is lane 0's."""
        return (home_of(person[0], self._topics.broker.partitions) if person else 0) == self._topics.lane

    def _tell_of_holder(self, key: str, said: str | None, other: str | None) -> None:
        self.misheld.add(key)
        self._tell(holder_apart(key, said, other))


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items`, as they are now, by `size`."""
    left = iter(list(items))
    while some := list(islice(left, size)):
        yield some
