"""The statement of a year made from the ledger: partition by partition, of which one at a time is held.

Promise: it is made of a ledger whose form is right, so that what the claims have got as they stand is the sum of all deltas; else there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.catalogue import RESULTS, WARNINGS
from services.ledger.errors import Declined
from services.ledger.statements.document import Proof, Statement, statement
from services.ledger.statements.open_warnings import OpenWarnings
from services.ledger.statements.sources import Ledger
from services.ledger.statements.standing import LaneYear
from services.ledger.statements.tables import Row, Tables
from services.ledger.verify.differences import Difference
from services.ledger.verify.form import Form
from services.runtime.errors import Stop


@dataclass(slots=True)
class Faults:
    """What is not as it must be: how much, and of what field the first is; whose claim it is stands in no error."""

    count: int = 0
    first: str = ""

    def tell(self, difference: Difference) -> None:
        """Take in one."""
        self.count += 1
        self.first = self.first or difference.field

    def check(self, ledger: Ledger) -> None:
        """Whether there were any.

        Raises:
            Stop: There were.
        """
        if self.count:
            raise Stop(
                f"{ledger.name} is not as a ledger must be: {self.count} differences, the first in {self.first}; `medaid ledger verify` tells all"
            )


def lane_year(ledger: Ledger, region: str, year: int, faults: Faults) -> LaneYear:
    """A partition of the year, nothing folded yet."""
    return LaneYear(region, year, Form(faults.tell, ledger.home_count))


async def close_year(ledger: Ledger, region: str, year: int) -> Statement:
    """The statement.

    Raises:
        Declined: There is no result of that region and year.
        Stop: The ledger's form is broken.
        Doubt: Kafka is away.
    """
    tables, proofs, faults = Tables(), list[Proof](), Faults()
    for partition in ledger.partitions:
        lane = lane_year(ledger, region, year, faults)
        async for record in ledger.records(RESULTS, partition):
            lane.add(record)
        lane.form.finish()
        faults.check(ledger)
        tables.add(lane)
        proofs.append(Proof.of(partition, lane))
    if not any(proof.results for proof in proofs):
        raise Declined(f"{region} {year}: no result of that region and year in {ledger.name}")
    warnings, ends = await _open_warnings(ledger, region, year)
    return statement(region, year, tables.rows(), proofs, warnings, ends)


async def _open_warnings(ledger: Ledger, region: str, year: int) -> tuple[Sequence[Row], dict[int, int]]:
    """How many warnings are open, and the ends of those that count."""
    found = OpenWarnings(region, year)
    for partition in ledger.partitions:
        async for record in ledger.records(WARNINGS, partition):
            found.add(record)
    return found.rows(), found.ends
