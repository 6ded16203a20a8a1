"""Buckets settled under the policies to be tried, side by side in forked processes, and what comes of it added up.

In: buckets, cases. Out: for each case its `Sums`, and, where they are asked for, a line for each person-year. Promise: now is what the ledger says, then what
settlement would have said from the first claim on, with today's statuses; the same ledger gives the same, however many processes work.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final

from services.ledger.reform.accounts import Account, Frame
from services.ledger.reform.buckets import Buckets
from services.ledger.reform.cases import Case, cost_fen
from services.ledger.reform.crew import Tell, done_together
from services.ledger.reform.persons import Person, persons_in
from services.ledger.reform.sums import Sums

STEP_CLAIMS: Final = 2_000


def reckon(frame: Frame, cases: Sequence[Case], buckets: Buckets, jobs: int, tell: Tell) -> tuple[list[Sums], list[IO[str]]]:
    """Each case added up; and, where somebody may be named, for each its persons' lines; `tell` hears of claims.

    Raises:
        Declined: The ledger is not in order.
        Lost: A process died.
    """
    files = [[_lines() for _ in cases] for _ in range(jobs)] if frame.pseudonym is not None else None

    def part(number: int) -> Any:
        return lambda step: _reckon_part(frame, cases, buckets, range(number, buckets.count, jobs), files[number] if files else None, step)

    whole = [Sums() for _ in cases]
    for found in done_together([part(number) for number in range(jobs)], tell):
        for sums, more in zip(whole, found, strict=True):
            sums.add(more)
    return whole, [_joined(file) for file in zip(*files, strict=True)] if files else []


def _reckon_part(
    frame: Frame, cases: Sequence[Case], buckets: Buckets, numbers: Iterable[int], files: Sequence[IO[str]] | None, step: Tell
) -> list[Sums]:
    accounts = [Account(frame, case, files[place] if files else None) for place, case in enumerate(cases)]
    for person in _persons(buckets, numbers, frame.year, step):
        for account in accounts:
            account.add(person)
    for file in files or ():
        file.flush()
    return [account.sums for account in accounts]


def costs(cases: Sequence[Case], year: int | None, buckets: Buckets, jobs: int, tell: Tell) -> list[int]:
    """What the fund would pay under each case, fen."""

    def part(number: int) -> Any:
        return lambda step: _cost_part(cases, year, buckets, range(number, buckets.count, jobs), step)

    found = done_together([part(number) for number in range(jobs)], tell)
    return [sum(sums) for sums in zip(*found, strict=True)]


def _cost_part(cases: Sequence[Case], year: int | None, buckets: Buckets, numbers: Iterable[int], step: Tell) -> list[int]:
    sums = [0] * len(cases)
    for person in _persons(buckets, numbers, year, step):
        for place, case in enumerate(cases):
            sums[place] += cost_fen(case, person, year)
    return sums


def _persons(buckets: Buckets, numbers: Iterable[int], year: int | None, step: Tell) -> Iterator[Person]:
    """Everybody in some buckets."""
    claims = 0
    for number in numbers:
        for person in persons_in(buckets.rows(number), year):
            yield person
            claims += len(person.claims)
            if claims >= STEP_CLAIMS:
                step(claims)
                claims = 0
    step(claims)


def _lines() -> IO[str]:
    """A file without a name, for a process that is forked later to write into."""
    return io.TextIOWrapper(tempfile.TemporaryFile(prefix="medaid-"), "utf-8", newline="")


def _joined(files: Sequence[IO[str]]) -> IO[str]:
    """Lines of all processes, to be read from the beginning."""
    first, *others = files
    first.seek(0, io.SEEK_END)
    for file in others:
        file.seek(0)
        for line in file:
            first.write(line)
        file.close()
    first.seek(0)
    return first
