"""`medaid policy test`: a site's policy files held against examples that were calculated by hand."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from schemas.foreign import visible
from services.cli.failure import Exit, Failure, refuse
from services.embedded.worked import settle
from services.embedded.worked_difference import Difference, differences
from services.embedded.worked_table import Row, Table, read_table
from services.policy.library import Policies, load_policies
from services.policy.loader import Policy
from services.policy.tree import PolicyError, Reading
from services.runtime import logging
from services.runtime.settings import Settings

CASES = ".cases.yaml"

HELP = """Test a site's policy files: settle the examples that were calculated by hand, and tell case by case whether the same came out.

    DIR is a folder of policy files as MEDAID_POLICIES names it; the examples of a region are the table <region>.cases.yaml in it. Let somebody calculate
    them from the decree who has not seen the policy file. docs/site-policies.md tells how a table is written. The services of production settle them, in
    memory; no server is needed. A line a case on standard output, ok or FAIL; under FAIL each figure that differs: what was expected, what came out, and
    the sum of the row. Amounts are yuan. A policy of DIR without a table is warned of.

    Exit status 0: all came out, 4: something differs, 3: a policy file or a table has faults, each on a line with file, line and key; or no table is there.

    \b
    Example:
      medaid policy test site-policies
"""


def examine(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder of policy files and tables.")],
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Only of this region.")] = None,
) -> None:
    """Test the files of a folder.

    Raises:
        Failure: Something differs, or cannot be tested.
    """
    logging.configure(Settings(log_level="error"))
    shelf = _Shelf(folder)
    tables = _tables(shelf, region)
    count = failed = 0
    for table in tables:
        for number, case in enumerate(table.cases, 1):
            found = list(differences(settle(shelf.policies(table, number, case), table.city, case), case))
            count, failed = count + 1, failed + bool(found)
            for line in told(table, number, case, found):
                print(visible(line))
    sys.stdout.flush()
    if failed:
        raise Failure(Exit.DIFFERENT, f"{failed} of {count} cases differ")
    print(f"{count} cases of {', '.join(table.city for table in tables)}: all came out", file=sys.stderr)


def told(table: Table, number: int, case: Row, found: Sequence[Difference]) -> Iterator[str]:
    """The lines of one case."""
    yield f"{'FAIL' if found else 'ok  '} {table.city} {number}: {case['case']}"
    for one in found:
        because = f" ({one.because})" if one.because else ""
        yield f"     {one.place}: expected {one.expected}, came out {one.found}{because}"


class _Shelf:
    """The site's policies under the readings that cases ask for, each set loaded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded: dict[tuple[str, frozenset[tuple[str, Reading]]], Policies] = {}
        try:
            self.plain = load_policies(site=folder)
        except PolicyError as error:
            refuse(str(error).splitlines())

    def policies(self, table: Table, number: int, case: Row) -> Policies:
        """The policies of one case.

        Raises:
            Failure: A reading that its region does not have.
        """
        readings = case.get("readings") or {}
        if not readings:
            return self.plain
        key = (table.city, frozenset(readings.items()))
        if key not in self._loaded:
            try:
                self._loaded[key] = load_policies(switched={table.city: readings}, site=self.folder)
            except PolicyError as error:
                refuse([table.fault(number, "readings", str(error).splitlines()[0])])
        return self._loaded[key]


def _tables(shelf: _Shelf, region: str | None) -> Sequence[Table]:
    """The tables of the folder, all right.

    Raises:
        Failure: There is none, or one has a fault.
    """
    tables, faults = [], []
    for path in sorted(shelf.folder.glob(f"*{CASES}")):
        try:
            table = read_table(path)
            faults += list(_strangers(table, shelf.plain))
            tables.append(table)
        except PolicyError as error:
            faults += str(error).splitlines()
    if faults:
        refuse(faults)
    for lacking in sorted(shelf.plain.own - {table.city for table in tables}):
        print(
            f"medaid: warning: {lacking}: no table {shelf.folder / lacking}{CASES}; nothing says that its file is as the decree",
            file=sys.stderr,
        )
    chosen = [table for table in tables if region in (None, table.city)]
    if not chosen:
        raise Failure(Exit.REFUSED, f"{shelf.folder}: no table of {region or 'a region'} ({region or '<region>'}{CASES})")
    return chosen


def counters_of(policy: Policy) -> Iterator[str]:
    """The counters that a policy may keep: its pools, and those that benefits keep for themselves."""
    yield from policy.file.pools
    yield from (f"{benefit.id}_{kept}" for benefit in policy.file.benefits for kept in ("assisted", "times"))


def _named(counters: Mapping[str, object]) -> Iterator[str]:
    """The counters that a case names, by year or not."""
    for name, value in counters.items():
        yield from value if isinstance(value, dict) else [name]


def _strangers(table: Table, policies: Policies) -> Iterator[str]:
    """What a table names that is not there."""
    if table.city not in policies.current:
        yield table.tree.fault(("city",), f"a region that has a policy file: {', '.join(policies.regions())}")
        return
    known = frozenset(name for policy in policies.current[table.city] for name in counters_of(policy))
    for number, case in enumerate(table.cases, 1):
        for key in ("counters", "limits"):
            if strange := sorted(set(_named(case.get(key) or {})) - known):
                yield table.fault(number, key, f"counters of {table.city}: {', '.join(sorted(known))}; {', '.join(strange)} is none")
        for row in case.get("status") or []:
            if "voided" in row and int(row["voided"]) > len(case["status"]):
                yield table.fault(number, "status", f"the number of a row to be voided, at most {len(case['status'])}")
