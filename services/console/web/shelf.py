"""The console's documents as pages read them: whole fields decoded, the lanes added up. A page names the documents it wants; nothing is searched."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.console.adapters.outside import Outside
from services.console.domain.desk import value_in
from services.runtime.errors import Doubt
from services.runtime.home import home_of
from services.runtime.records import Want

Fields = Mapping[str, Any]
Wanted = Mapping[str, tuple[str, ...] | None]


class Shelf:
    """Reads documents by name."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    @property
    def lanes(self) -> range:
        """Every lane.

        Raises:
            Doubt: Kafka has not told yet how many there are.
        """
        if not self._outside.partitions:
            raise Doubt("the topics have not been looked at yet")
        return range(self._outside.partitions)

    def lane_of(self, home: str) -> int:
        """The lane of a person or hospital."""
        return home_of(home, len(self.lanes))

    async def read(self, wanted: Wanted) -> Mapping[str, Fields]:
        """The documents wanted, their fields decoded.

        Raises:
            Doubt: Redis is away, or what lies there cannot be read.
        """
        documents = await self._outside.documents(Want(wanted))
        return {key: {field: value_in(value) for field, value in documents[key].items()} for key in wanted}

    async def one(self, key: str) -> Fields:
        """One document, whole."""
        return (await self.read({key: None}))[key]


def added(documents: Iterable[Mapping[str, Sequence[int]]]) -> Mapping[str, Sequence[int]]:
    """Cells of several documents added up, field by field."""
    sums: dict[str, list[int]] = {}
    for document in documents:
        for field, amounts in document.items():
            known = sums.setdefault(field, [0] * len(amounts))
            for place, amount in enumerate(amounts):
                known[place] += amount
    return sums


def counted(documents: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Counts of several documents added up."""
    total: Counter[str] = Counter()
    for document in documents:
        total.update(document)
    return total
