"""One partition's results of one region and year, folded: each claim as its newest revision has it, each person's counters, and a digest of the results.

In: records of the ledger in their order. Out: standings, the digest, the offset behind the last result that counts. Promise: results of other regions and years
change nothing here, so that a year without news gives the same whatever is written behind it. Memory: some hundred bytes a claim of the year.
"""

import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

import orjson

from schemas.districts import county_of
from schemas.settlement import SettlementResult
from services.ledger.verify.form import Entry, Form
from services.runtime.records import Record


class Paid(NamedTuple):
    """A payment: its kind, the clause as printed, fen, and the counter that bound tightest."""

    kind: str
    clause: str
    fen: int
    limited_by: str | None


class Standing(NamedTuple):
    """A claim as its newest revision has it, as far as statements ask. Amounts in fen.

    Attributes:
        month: Of the day on which the claim counts, YYYY-MM; it may be of the year before or after, where a stay lies in two years.
        reason: Why nothing is paid, by the contract's code; a reversal's is its sender's text, and left out.
        policy: Version, edition and status; None without a policy in force.
    """

    person: str
    month: str
    category: str | None
    district: str | None
    hospital: str
    outcome: str
    reason: str | None
    policy: tuple[str, str, str] | None
    self_pay_fen: int
    assistance_fen: int
    payments: tuple[Paid, ...]


class Step(NamedTuple):
    """What one result did: the claim before it (None: it is the claim's first) and after it."""

    entry: Entry
    before: Standing | None
    after: Standing


class LaneYear:
    """One partition's part of a year.

    Attributes:
        claims: By key.
        counters: The counters of each person with claims, in fen, as his newest result has them.
        results: How many results there are.
        end_offset: The offset behind the newest of them; 0 where there is none.
    """

    def __init__(self, region: str, year: int, form: Form) -> None:
        """Begin; `form` looks at each result first, and tells what is not as it must be."""
        self.claims: dict[str, Standing] = {}
        self.counters: dict[str, Mapping[str, int]] = {}
        self.results = 0
        self.end_offset = 0
        self.form = form
        self._place = (region, year)
        self._digest = sha256()

    def add(self, record: Record) -> Step | None:
        """Fold one record. None where it is of another region or year, or not as it must be, which the form has told."""
        if not self._concerns(record):
            return None
        self.results += 1
        self.end_offset = record.offset + 1
        self._digest.update((record.value or b"") + b"\n")
        entry = self.form.add(record)
        if entry is None:
            return None
        result = entry.result
        key, after = f"{result.hospital_id}/{result.claim_id}", _standing(entry)
        before, self.claims[key] = self.claims.get(key), after
        self.counters[after.person] = {sys.intern(name): int(fen) for name, fen in result.counters.items()}
        return Step(entry, before, after)

    @property
    def sha256(self) -> str:
        """SHA-256 of the values of the results so far, a line feed behind each, in hexadecimal."""
        return self._digest.hexdigest()

    def limited(self) -> Iterator[tuple[str, str]]:
        """Each counter that bound a payment of a claim as it stands, with the claim's person; some more than once."""
        for claim in self.claims.values():
            for payment in claim.payments:
                if payment.limited_by is not None:
                    yield payment.limited_by, claim.person

    def _concerns(self, record: Record) -> bool:
        """Whether a record is of the region and year, or of none that can be read: what that is, the form must tell."""
        try:
            data = orjson.loads(record.value or b"")["data"]
            return bool((data["region"], data["year"]) == self._place)
        except (LookupError, TypeError, ValueError):
            return True


def _standing(entry: Entry) -> Standing:
    """The claim as this revision has it. Texts that many claims share are kept once."""
    result, policy = entry.result, entry.result.policy
    return Standing(
        sys.intern(result.person_id),
        sys.intern(f"{entry.claim.date:%Y-%m}"),
        _kept(result.category),
        _kept(county_of(result.district)),
        sys.intern(result.hospital_id),
        sys.intern(result.outcome),
        _kept(result.reason) if result.outcome == "not_assisted" else None,
        (sys.intern(policy.version), sys.intern(policy.edition), sys.intern(policy.status)) if policy else None,
        int(result.self_pay),
        int(result.assistance_amount),
        _payments(result),
    )


def _payments(result: SettlementResult) -> tuple[Paid, ...]:
    """The payments of a result."""
    return tuple(Paid(sys.intern(one.kind), sys.intern(one.clause), int(one.amount), _kept(one.limited_by)) for one in result.components)


def _kept(text: str | None) -> str | None:
    return None if text is None else sys.intern(text)
