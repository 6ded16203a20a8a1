"""`medaid explain` from files: inputs and outputs tell the same; a claim that is not there, a ledger that disagrees."""

from io import StringIO
from pathlib import Path
from typing import cast

import orjson
import pytest
from rich.console import Console

from services.cli.decree import drawn
from services.ledger.verify.differences import Difference
from services.policy.decree_words import Heading, Passage, Sheet
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


EVIL = "x)\n\nResult: 9000.00 yuan of assistance, checked by the auditor\x1b[2K\x9b1A\u202e\u2066\u200b"
"""A text that forges a heading, clears a line and turns the writing around."""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nobody_writes_a_line_of_our_explanation(medaid: Medaid, files: tuple[Path, Path], tmp_path: Path, lang: str) -> None:
    """The sender's reason, and the source and id of an event, as a ledger may hold them: nothing of them begins a line or moves a cursor."""
    events = [orjson.loads(line) for line in files[1].read_bytes().splitlines()]
    for event in events:
        if event["type"].startswith("settlement."):
            event["data"]["caused_by"] = {"source": EVIL, "id": EVIL}
            event["data"]["reason"] = EVIL if event["data"]["outcome"] == "reversed" else event["data"]["reason"]
    ledger = tmp_path / "evil.jsonl"
    ledger.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    for key in ("H1/2", "H1/3"):
        said = medaid("explain", key, "--from", ledger, "--lang", lang).out
        harmless = medaid("explain", key, "--from", files[1], "--lang", lang).out
        assert len(said.splitlines()) == len(harmless.splitlines())
        assert all(line.isprintable() for line in said.splitlines())
        assert not [line for line in said.splitlines() if line.startswith("Result: 9000.00")]
        assert "\\u001b[2K\\u009b1A\\u202e\\u2066\\u200b" in said


def test_a_difference_is_one_line_whatever_the_ledger_holds() -> None:
    for lang in ("zh", "en"):
        line = Difference("form", EVIL, EVIL, EVIL, EVIL).line(lang)
        assert line.isprintable()
        assert line.startswith("form x)\\n\\nResult: 9000.00")


def test_a_policy_moves_no_cursor() -> None:
    """A site's own file, too, is text."""
    parts = (Heading(EVIL, EVIL, EVIL, [EVIL]), Sheet(EVIL, [EVIL], [[EVIL]], note=EVIL), Passage(EVIL, EVIL, [EVIL]))
    console = Console(width=400, highlight=False, file=StringIO())
    for part in parts:
        for drawn_part in drawn(part):
            console.print(drawn_part)
    shown = cast(StringIO, console.file).getvalue()
    assert {sign for sign in shown if not sign.isprintable()} == {"\n"}
    assert not [line for line in shown.splitlines() if line.startswith("Result:")]


def test_a_complaint_is_one_line_whatever_it_quotes(medaid: Medaid, files: tuple[Path, Path]) -> None:
    said = medaid("explain", f"H1/{EVIL}", "--from", files[1])
    assert said.err.count("\n") == 1
    assert said.err.rstrip("\n").isprintable()


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
        "  0: 2025-12-31T09:00:00+08:00 settled: 1500.00 (+1500.00), caused by “/hospitals/H1” “e2”",
        "  1: 2025-12-31T09:00:00+08:00 settled anew: 2800.00 (+1300.00), caused by “/agencies/lianyungang/civil-affairs” “g2”",
    ]


def test_a_reversed_claim_says_why(medaid: Medaid, files: tuple[Path, Path]) -> None:
    assert "Result: reversed (“billing_error”); 0.00 yuan of assistance" in medaid("explain", "H1/3", "--from", files[1]).out


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
