"""`medaid year changes`: what came after the statement, by hand; and a ledger or a statement that is not what it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.unit.conftest import Medaid, Said
from tests.unit.ledger.statements.year import BEFORE, ELSEWHERE, LATE, REGION, YEAR, ledger, rewritten, settled

OF_YEAR = ("--region", REGION, "--year", YEAR)
CHANGED = """\
H1/1/1  assisted  +1500.00  2025-03  extreme_poverty  caused by /agencies/lianyungang/civil-affairs g2  [0]@{}
H1/2/1  assisted  +1300.00  2025-05  extreme_poverty  caused by /agencies/lianyungang/civil-affairs g2  [0]@{}
H1/4/0  assisted  +720.00  2025-07  needy_worker  caused by /hospitals/H1 e4  [0]@{}
month 2025-03  +1500.00
month 2025-05  +1300.00
month 2025-07  +720.00
category extreme_poverty  +4300.00
category low_income_margin  -1500.00
category needy_worker  +720.00
total  +3520.00  (3 results of 3 claims)
"""
"""H1/1 was below the deductible, H1/2 got 1500; their claims go from one category to the other."""


@pytest.fixture
def statement(medaid: Medaid, tmp_path: Path) -> Path:
    """Of the year before the late news."""
    path = tmp_path / "statement.json"
    said = medaid("year", "close", *OF_YEAR, "--from", ledger(tmp_path / "before.jsonl", settled(*BEFORE)))
    path.write_text(said.out, "utf-8")
    return path


@pytest.fixture
def changes(medaid: Medaid, tmp_path: Path, statement: Path) -> Callable[..., Said]:
    """The command, on these outputs."""

    def run(outputs: list[bytes], *more: object) -> Said:
        path = ledger(tmp_path / "now.jsonl", outputs)
        return medaid("year", "changes", *OF_YEAR, "--since", statement, "--from", path, *more)

    return run


def lines_of(outputs: list[bytes]) -> list[int]:
    """Where the late results lie."""
    ids = [orjson.loads(output)["id"] for output in outputs]
    return [ids.index(event_id) for event_id in ("H1/1/1", "H1/2/1", "H1/4/0")]


def test_nothing_changed_though_others_went_on(changes: Callable[..., Said]) -> None:
    said = changes(settled(*BEFORE, *ELSEWHERE))
    assert (said.status, said.out) == (0, "nothing\n")
    assert said.err == f"{REGION} {YEAR}: the statement stands; 0 results after the statement, 0.00 yuan\n"


def test_each_change_and_its_sums_by_hand(changes: Callable[..., Said], medaid: Medaid, tmp_path: Path) -> None:
    outputs = settled(*BEFORE, *ELSEWHERE, *LATE)
    said = changes(outputs)
    assert (said.status, said.out) == (0, CHANGED.format(*lines_of(outputs)))
    after = json.loads(medaid("year", "close", *OF_YEAR, "--from", tmp_path / "now.jsonl").out)
    assert after["total"]["assistance"] == "5020.00", "1500.00 of before, and 3520.00"


def test_a_change_right_behind_the_statement_is_one(changes: Callable[..., Said], medaid: Medaid, statement: Path, tmp_path: Path) -> None:
    """At the very offset where it ends."""
    results = [output for output in settled(*BEFORE, *LATE) if b'"type":"settlement.' in output]
    said = medaid("year", "close", *OF_YEAR, "--from", ledger(tmp_path / "first.jsonl", results[:4]))
    statement.write_text(said.out, "utf-8")
    assert changes(results).out == CHANGED.format(4, 5, 6)


@pytest.mark.parametrize(
    ("event_id", "field", "value", "word"),
    [("H1/4/0", "delta", "720.01", "delta of revision 0;"), ("H1/4/0", "sequence", 2, "sequence;")],
)
def test_changes_that_are_not_right_are_told(changes: Callable[..., Said], event_id: str, field: str, value: object, word: str) -> None:
    """Of one result, and what only the whole shows."""
    said = changes(rewritten(settled(*BEFORE, *LATE), event_id, lambda data: data.update({field: value})))
    assert said.status == 4
    assert "is not as a ledger must be: " in said.err
    assert f"the first in {word}" in said.err


def test_the_same_as_json(changes: Callable[..., Said]) -> None:
    outputs = settled(*BEFORE, *LATE)
    *found, sums = map(json.loads, changes(outputs, "--json").out.splitlines())
    assert found[1] == {
        "claim": "H1/2",
        "revision": 1,
        "outcome": "assisted",
        "reason": None,
        "category": "extreme_poverty",
        "month": "2025-05",
        "partition": 0,
        "offset": lines_of(outputs)[1],
        "delta": "1300.00",
        "caused_by": {"source": "/agencies/lianyungang/civil-affairs", "id": "g2"},
    }
    assert sums == {
        "results": 3,
        "claims": 3,
        "delta": "3520.00",
        "month": [
            {"month": "2025-03", "delta": "1500.00"},
            {"month": "2025-05", "delta": "1300.00"},
            {"month": "2025-07", "delta": "720.00"},
        ],
        "category": [
            {"category": "extreme_poverty", "delta": "4300.00"},
            {"category": "low_income_margin", "delta": "-1500.00"},
            {"category": "needy_worker", "delta": "720.00"},
        ],
    }
    assert json.loads(changes(settled(*BEFORE), "--json").out) == {"results": 0, "claims": 0, "delta": "0.00", "month": [], "category": []}


Outputs = list[bytes]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda outputs: rewritten(outputs, "H1/2/0", lambda data: data["claim"].update(total_amount="3500.01")),
        lambda outputs: [output for output in outputs if b'"id":"H1/1/0"' not in output],
        lambda outputs: [output for output in outputs if b'"id":"H1/3/1"' not in output],
        lambda outputs: [b" " + output if b'"id":"H1/1/0"' in output else output for output in outputs],
    ],
    ids=["an amount", "a result gone", "the last result gone", "a byte"],
)
def test_a_ledger_that_is_not_what_it_was_is_told(changes: Callable[..., Said], tamper: Callable[[Outputs], Outputs]) -> None:
    """Before the first of its changes."""
    said = changes(tamper(settled(*BEFORE, *LATE)))
    assert (said.status, said.out, said.err.count("\n")) == (4, "", 1)
    assert "the statement's digest does not match" in said.err
    assert "the statement says 4 results" in said.err


def test_a_statement_that_was_changed_is_told(changes: Callable[..., Said], statement: Path) -> None:
    """Each part by its name, though every result is where it was; what is said of warnings was true of that day alone."""
    whole = json.loads(statement.read_text("utf-8"))

    def said_of(changed: dict[str, Any]) -> Said:
        statement.write_text(json.dumps({**whole, **changed}), "utf-8")
        return changes(settled(*BEFORE))

    for name in set(whole) - {"statement", "region", "year", "ledger", "warning", "warnings"}:
        said = said_of({name: [] if isinstance(whole[name], list) else {}})
        assert said.status == 4
        assert said.err.endswith(f"give something else in: {name}\n")
    assert said_of({"note": "more"}).err.endswith("give something else in: note\n")
    assert said_of({"ledger": {**whole["ledger"], "sha256": "0" * 64}}).err.endswith("give something else in: ledger\n")
    assert said_of({"warning": [], "warnings": {}}).status == 0


def test_a_ledger_with_other_partitions_is_another(changes: Callable[..., Said], statement: Path) -> None:
    statement.write_text(json.dumps({**json.loads(statement.read_text("utf-8")), **partitions(2)}), "utf-8")
    said = changes(settled(*BEFORE))
    assert (said.status, said.out) == (4, "")
    assert "the statement is of a ledger with 2 partitions, " in said.err


def partitions(count: int) -> dict[str, Any]:
    """So many, in a statement."""
    return {"ledger": {"partitions": [{"partition": number, "end_offset": 0} for number in range(count)]}}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"statement": "medaid.year.v2"}, "expected medaid.year.v1"),
        ({"year": 2024}, f"the statement of {REGION} 2024, not of {REGION} {YEAR}"),
        ({"region": "wuxi"}, f"the statement of wuxi {YEAR}, not of {REGION} {YEAR}"),
        (partitions(0), "ledger.partitions: "),
        ({"ledger": {"partitions": [{"partition": 1, "end_offset": 0}]}}, "expected each of 0 to 0 once"),
        ({"ledger": {"partitions": [{"partition": 0, "end_offset": -1}]}}, "ledger.partitions.0.end_offset: "),
    ],
)
def test_what_is_no_statement_of_that_year_is_refused(
    changes: Callable[..., Said], statement: Path, changed: dict[str, Any], word: str
) -> None:
    statement.write_text(json.dumps({**json.loads(statement.read_text("utf-8")), **changed}), "utf-8")
    said = changes(settled(*BEFORE))
    assert (said.status, said.out, said.err.count("\n")) == (3, "", 1)
    assert word in said.err


@pytest.mark.parametrize(("content", "status"), [(b"no JSON", 3), (b"[]", 3), (None, 2)])
def test_a_file_that_is_none_is_refused(changes: Callable[..., Said], statement: Path, content: bytes | None, status: int) -> None:
    statement.unlink() if content is None else statement.write_bytes(content)
    said = changes(settled(*BEFORE))
    assert (said.status, said.out, said.err.count("\n")) == (status, "", 1)
    assert str(statement) in said.err
