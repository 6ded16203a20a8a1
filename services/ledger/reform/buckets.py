"""Rows laid aside between reading and settling: files without a name, which nobody else can open and which are gone with the process, however it ends.

Promise: all rows of a person are in one bucket, so that a bucket alone is held in memory. Processes forked after `Buckets` was made share them; each writes
into files of its own.
"""

import os
import tempfile
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import orjson

BUFFER_BYTES: int = 1 << 16
"""So much of a bucket's rows is held back before it is written."""


class Buckets:
    """As many buckets as asked for, each with a file for every process that writes."""

    def __init__(self, count: int, writers: int) -> None:
        self.count = count
        self._files = [[tempfile.TemporaryFile(prefix="medaid-") for _ in range(count)] for _ in range(writers)]  # noqa: SIM115

    def of(self, person_id: str) -> int:
        """The bucket of a person."""
        return crc32(person_id.encode()) % self.count

    def writer(self, number: int) -> "Writer":
        """For the process of that number, from 0."""
        return Writer(self, [file.fileno() for file in self._files[number]])

    def rows(self, bucket: int) -> list[Any]:
        """All rows of a bucket, in the order in which each process wrote its own."""
        parts = [_whole(files[bucket].fileno()) for files in self._files]
        found: list[Any] = orjson.loads(b"[" + b"".join(parts).removesuffix(b",") + b"]")
        return found

    def close(self) -> None:
        """Let them go."""
        for files in self._files:
            for file in files:
                file.close()


class Writer:
    """Writes rows of JSON into buckets."""

    def __init__(self, buckets: Buckets, files: Sequence[int]) -> None:
        self._of = buckets.of
        self._files = files
        self._held = [bytearray() for _ in files]

    def put(self, person_id: str, row: bytes) -> None:
        """A row of a person."""
        place = self._of(person_id)
        held = self._held[place]
        held += row
        held += b","
        if len(held) > BUFFER_BYTES:
            self._write(place)

    def flush(self) -> None:
        """Write what is held back."""
        for place in range(len(self._files)):
            self._write(place)

    def _write(self, place: int) -> None:
        view = memoryview(self._held[place])
        while view:
            view = view[os.write(self._files[place], view) :]
        self._held[place] = bytearray()


def _whole(file: int) -> bytes:
    """All that was written to a file, whoever's offset stands where."""
    size = os.fstat(file).st_size
    parts, at = [], 0
    while at < size:
        parts.append(os.pread(file, size - at, at))
        at += len(parts[-1])
    return b"".join(parts)
