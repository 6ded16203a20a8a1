"""What has changed in a year since its statement was made: each result behind the statement's offsets, and what they come to.

In: the ledger, and a statement made of it before. Out: changes as they are found, and sums. Promise: before a partition's first change is told, the results
that the statement sums up are proved to lie there still, byte for byte; at the end, that it says what they come to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.catalogue import RESULTS
from schemas.money import yuan_text
from services.ledger.statements.closing import Faults, lane_year
from services.ledger.statements.document import Closed, Proof, statement
from services.ledger.statements.sources import Ledger
from services.ledger.statements.standing import LaneYear, Step
from services.ledger.statements.tables import Tables
from services.runtime.errors import Stop
from services.runtime.records import Record


@dataclass(frozen=True, slots=True)
class Change:
    """One result that came after the statement. Amounts in fen.

    Attributes:
        source, event_id: What it was caused by, in its sender's words.
        reason: Why nothing is paid, or why the claim was taken back, then in its sender's words.
    """

    claim: str
    revision: int
    outcome: str
    reason: str | None
    category: str | None
    month: str
    delta_fen: int
    source: str
    event_id: str
    partition: int
    offset: int

    @classmethod
    def of(cls, record: Record, step: Step) -> "Change":
        """What a step of the ledger changed."""
        result, after = step.entry.result, step.after
        return cls(
            claim=f"{result.hospital_id}/{result.claim_id}",
            revision=result.revision,
            outcome=result.outcome,
            reason=result.reason,
            category=result.category,
            month=after.month,
            delta_fen=int(result.delta),
            source=result.caused_by.source,
            event_id=result.caused_by.id,
            partition=record.partition,
            offset=record.offset,
        )


@dataclass
class Sums:
    """What the changes come to, in fen: a claim that goes from one category to another takes its former amount with it."""

    results: int = 0
    claims: set[str] = field(default_factory=set)
    delta_fen: int = 0
    months: dict[str | None, int] = field(default_factory=dict)
    categories: dict[str | None, int] = field(default_factory=dict)

    def tables(self) -> Mapping[str, Sequence[tuple[str | None, int]]]:
        """By month and by category what comes to something, sorted, what has no category last."""
        found = {"month": self.months, "category": self.categories}
        return {name: sorted(((key, fen) for key, fen in sums.items() if fen), key=_order) for name, sums in found.items()}

    def add(self, change: Change, step: Step) -> None:
        """Add one."""
        self.results += 1
        self.claims.add(change.claim)
        self.delta_fen += change.delta_fen
        _add(self.months, change.month, change.delta_fen)
        if step.before is not None:
            _add(self.categories, step.before.category, -step.before.assistance_fen)
        _add(self.categories, step.after.category, step.after.assistance_fen)

    def told(self) -> dict[str, object]:
        """The sums, in yuan."""
        return {
            "results": self.results,
            "claims": len(self.claims),
            "delta": yuan_text(self.delta_fen),
            **{name: [{name: key, "delta": yuan_text(fen)} for key, fen in rows] for name, rows in self.tables().items()},
        }


async def year_changes(ledger: Ledger, closed: Closed, say: Callable[[Change], None]) -> Sums:
    """Tell each change to `say`, in the order of partitions and offsets.

    Raises:
        Stop: The statement's results are not in the ledger any more as they were, or it says something else than they do; or the ledger's form is broken.
        Doubt: Kafka is away.
    """
    if len(ledger.partitions) != len(closed.end_offsets):
        raise Stop(
            f"the statement is of a ledger with {len(closed.end_offsets)} partitions, {ledger.name} has {len(ledger.partitions)}: it is another ledger, "
            "or was made anew"
        )
    tables, proofs, sums = Tables(), list[Proof](), Sums()
    for partition, end_offset in zip(ledger.partitions, closed.end_offsets, strict=True):
        faults = Faults()
        lane = lane_year(ledger, closed.region, closed.year, faults)
        is_proved = False
        async for record in ledger.records(RESULTS, partition):
            if record.offset >= end_offset and not is_proved:
                proofs.append(_prove(ledger, closed, lane, partition, tables))
                is_proved = True
            step = lane.add(record)
            if step is not None and is_proved:
                change = Change.of(record, step)
                sums.add(change, step)
                say(change)
        if not is_proved:
            proofs.append(_prove(ledger, closed, lane, partition, tables))
        lane.form.finish()
        faults.check(ledger)
    _check_figures(closed, tables, proofs)
    return sums


def _prove(ledger: Ledger, closed: Closed, lane: LaneYear, partition: int, tables: Tables) -> Proof:
    """Hold what `lane` has folded up to the statement's offset against the statement.

    Raises:
        Stop: It is not what the statement was made of.
    """
    proof, said = Proof.of(partition, lane), closed.document["ledger"]["partitions"][partition]
    if proof._asdict() != said:
        place = f"{RESULTS}[{partition}] up to {said['end_offset']}"
        raise Stop(
            f"the statement's digest does not match {ledger.name}: {place}: the statement says {said.get('results')} results, sha256 {said.get('sha256')}; "
            f"there are {proof.results}, sha256 {proof.sha256}. The ledger was tampered with or lost records, an operator skipped one, or the statement is "
            "another ledger's: docs/statements.md"
        )
    tables.add(lane)
    return proof


def _check_figures(closed: Closed, tables: Tables, proofs: list[Proof]) -> None:
    """Whether the statement says what its results come to; of warnings, which move on, nothing can be said.

    Raises:
        Stop: It does not, or it says more than a statement does.
    """
    said = closed.document
    anew = statement(closed.region, closed.year, tables.rows(), proofs, said.get("warning", []), {})
    names = [name for name in (*anew, *(name for name in said if name not in anew)) if name != "warnings"]
    wrong = [name for name in names if said.get(name) != anew.get(name)]
    if wrong:
        raise Stop(f"the statement was changed since it was made: its results are all there and give something else in: {', '.join(wrong)}")


def _add(sums: dict[str | None, int], key: str | None, fen: int) -> None:
    sums[key] = sums.get(key, 0) + fen


def _order(row: tuple[str | None, int]) -> tuple[bool, str]:
    return row[0] is None, row[0] or ""
