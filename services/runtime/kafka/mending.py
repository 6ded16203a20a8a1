"""Header names that are no UTF-8, which aiokafka cannot read: it would raise at every poll, and the whole consumer stand still for ever.

Kafka takes any bytes for a name, and clients send them (names in GBK, for instance). Here such a name is read with `?` for each byte that does not
fit, and its record is then as good as any other. Not here: values of headers, which are bytes.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

_LENGTH, _OVERHEAD = 8, 12
"""Where a batch's length stands, and how many bytes it does not count."""


def read_any_header_name() -> None:
    """Let every consumer of this process read such records, from now on. May be repeated."""
    fetcher.MemoryRecords = MendingRecords


class MendingRecords:
    """aiokafka's records of one answer; batches that it cannot read are read again, mended."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0
        self._records = MemoryRecords(data)
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> Any:
        """The next batch, None after the last."""
        batch = self._records.next_batch()
        if batch is None:
            return None
        begin, length = self._at, int.from_bytes(self._data[self._at + _LENGTH : self._at + _OVERHEAD], "big")
        self._at += _OVERHEAD + length
        return _Batch(batch, self._data[begin : self._at])


class _Batch:
    """One batch; everything but its records is the original's."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        given = 0
        try:
            for record in self._batch:
                yield record
                given += 1
        except UnicodeDecodeError:
            yield from islice(_mended(self._raw), given, None)


def _mended(raw: memoryview) -> Iterator[Any]:
    """The records of a batch, read by aiokafka's own slower reader after its header names were made readable."""
    batch = _DefaultRecordBatchPy(raw)
    iter(batch)  # decompresses
    at = batch._pos
    for _ in range(batch._num_records):
        at = _mend(batch._buffer, at)
    return iter(batch)


def _mend(buffer: bytearray, at: int) -> int:
    """Make the header names of the record at `at` readable, each in its own length. Returns: where the next record begins."""
    length, at = decode_varint(buffer, at)
    end: int = at + length
    for _ in range(3):  # attributes, time, offset
        _, at = decode_varint(buffer, at)
    for _ in range(2):  # key, value
        size, at = decode_varint(buffer, at)
        at += max(size, 0)
    count, at = decode_varint(buffer, at)
    for _ in range(count):
        size, at = decode_varint(buffer, at)
        buffer[at : at + size] = _readable(bytes(buffer[at : at + size]))
        size, at = decode_varint(buffer, at + size)
        at += max(size, 0)
    return end


def _readable(name: bytes) -> bytes:
    """`name` with `?` for each byte that is no part of UTF-8."""
    return name.decode(errors="surrogateescape").encode(errors="replace")
