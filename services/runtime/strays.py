"""Records in a topic that one lane alone writes, which it cannot have written: each is named by its exact place, and nothing is healed past it.

To pass over one would be to guess what it told; only an operator may say so, of one offset at a time.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from services.runtime.errors import Doubt, NotOurs, Stop
from services.runtime.home import home_of
from services.runtime.records import Record
from services.runtime.service import Documents, E, Service


def event_of(record: Record, source: str, types: Collection[str]) -> Mapping[str, Any]:
    """The event in a record of ours, otherwise as it was written.

    Raises:
        NotOurs: Its source or type is another.
        ValueError, TypeError, KeyError: It is no event.
    """
    event: Mapping[str, Any] = orjson.loads(record.value or b"")
    if event["source"] != source:
        raise NotOurs(f"its source is not {source}")
    if event["type"] not in types:
        raise NotOurs("its type does not belong there")
    return event


def check_ours(service: Service[E], lane: int, partitions: int, records: Iterable[Record]) -> None:
    """Look at each record by itself: one of ours, of somebody who is at home in `lane`.

    Raises:
        Stop: The first that is not, by its place.
    """

    def look(record: Record) -> None:
        home = service.home_told(record)
        if home is not None and home_of(home, partitions) != lane:
            raise NotOurs("it tells of somebody who is not at home in this partition")

    _each(service, records, look)


def check_order(service: Service[E], records: Iterable[Record], documents: Documents) -> None:
    """Look whether each record follows from what is known and from those before it.

    Raises:
        Stop: The first that does not, by its place.
    """
    _each(service, records, service.follow(documents))


def stop_at(record: Record, error: Exception) -> Stop:
    """Why nothing is healed past `record`, and what an operator may do. The text of an error of others may hold anything: only its kind is told."""
    why = str(error) if isinstance(error, NotOurs) else f"it cannot be understood ({type(error).__name__})"
    return Stop(
        f"{record.topic}[{record.partition}]@{record.offset} is not as the one lane that writes there wrote it: {why}. Find out who else writes there. "
        f"Where records before it are gone, restore the topic; where it alone is foreign: medaid lanes skip --topic {record.topic} "
        f'--partition {record.partition} --offset {record.offset} (deploy/RUNBOOK.md, "A record that is not ours")'
    )


@contextmanager
def named(record: Record) -> Iterator[None]:
    """Do something with `record`.

    Raises:
        Doubt: Not the record is at fault.
        Stop: It cannot be done, for it is not as it was written.
    """
    try:
        yield
    except Doubt:
        raise
    except Exception as error:
        stop = stop_at(record, error)
        raise stop from error


def find(records: Sequence[Record], understand: Callable[[Sequence[Record]], Any], error: Exception) -> Stop:
    """The same for the first of `records` that cannot be understood, when all together gave `error`."""

    def fails(count: int) -> bool:
        try:
            understand(records[:count])
        except Exception:
            return True
        return False

    return stop_at(records[bisect_left(range(1, len(records)), True, key=fails)], error)


def _each(service: Service[E], records: Iterable[Record], look: Callable[[Record], None]) -> None:
    for record in records:
        if service.state_topics[record.topic] == "end":
            with named(record):
                look(record)
