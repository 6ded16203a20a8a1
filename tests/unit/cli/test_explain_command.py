"""`medaid explain` from files: inputs and outputs tell the same; a claim that is not there, a ledger that disagrees."""

from pathlib import Path

import orjson
import pytest

from tests.unit.conftest import Medaid
from tests.unit.events import claim, granted, reversed_

LATE = granted("extreme_poverty", "2025-02-01", "g2")
EVENTS = (
    granted()
    + claim("1", "2025-03-02", "1500.00")
    + claim("2", "2025-05-20", "3500.00", referral="unreferred")
    + claim("3", "2025-06-20", "10.00")
    + reversed_("3")
    + LATE
)


@pytest.fixture
def files(medaid: Medaid, tmp_path: Path) -> tuple[Path, Path]:
    """Input events, and what comes of them."""
    inputs, outputs = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    inputs.write_bytes(b"garbage\n" + EVENTS)
    assert medaid("replay", inputs, "--out", outputs).status == 0
    return inputs, outputs


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("key", ["H1/1", "H1/2", "H1/3"])
def test_inputs_and_outputs_tell_the_same(medaid: Medaid, files: tuple[Path, Path], key: str, lang: str) -> None:
    said = [medaid("explain", key, "--from", file, "--lang", lang) for file in files]
    assert [(one.status, one.err) for one in said] == [(0, ""), (0, "")]
    assert said[0].out == said[1].out
    assert said[0].out.startswith(f"{key}: P1, ")


def test_the_history_tells_each_revision_and_its_cause(medaid: Medaid, files: tuple[Path, Path]) -> None:
    """Paid as a margin family first, then in full."""
    lines = medaid("explain", "H1/2", "--from", files[0]).out.splitlines()
    told = lines[lines.index("Revisions") + 1 :]
    assert told == [
        "  0: 2025-12-31T09:00:00+08:00 settled: 1500.00 (+1500.00), caused by /hospitals/H1 e2",
        "  1: 2025-12-31T09:00:00+08:00 settled anew: 2800.00 (+1300.00), caused by /agencies/lianyungang/civil-affairs g2",
    ]


def test_a_reversed_claim_says_why(medaid: Medaid, files: tuple[Path, Path]) -> None:
    assert "Result: reversed (billing_error); 0.00 yuan of assistance" in medaid("explain", "H1/3", "--from", files[1]).out


def test_the_language_may_come_from_the_environment(medaid: Medaid, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAID_LANG", "zh")
    assert "结果：救助 2800.00 元" in medaid("explain", "H1/2", "--from", files[1]).out


def test_a_claim_that_is_not_there_is_one_line(medaid: Medaid, files: tuple[Path, Path]) -> None:
    for file in files:
        said = medaid("explain", "H1/4", "--from", file)
        assert (said.status, said.out) == (3, "")
        assert said.err == f"medaid: H1/4: no such claim in {file}; it may have been refused: look into the dead letters\n"


def test_a_claim_is_named_with_its_hospital(medaid: Medaid, files: tuple[Path, Path]) -> None:
    said = medaid("explain", "H1", "--from", files[0])
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("medaid: H1: expected HOSPITAL/CLAIM")


def test_a_file_without_events_is_refused(medaid: Medaid, tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_bytes(b"garbage\n[]\n")
    said = medaid("explain", "H1/4", "--from", tmp_path / "none.jsonl")
    assert (said.status, said.err.count("\n")) == (3, 1)


def test_a_ledger_that_says_otherwise_is_a_difference(medaid: Medaid, files: tuple[Path, Path]) -> None:
    """A result changed by hand, or news that settlement has not met yet."""
    events = [orjson.loads(line) for line in files[1].read_bytes().splitlines()]
    for event in events:
        if event["id"] == "H1/2/1":
            event["data"]["assistance_amount"] = "2800.01"
    files[1].write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    said = medaid("explain", "H1/2", "--from", files[1])
    assert said.status == 4
    assert "2800.00" in said.out
    assert said.err == f"medaid: H1/2: settled again it differs from its newest result in {files[1]}\n"
