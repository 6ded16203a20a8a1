"""`medaid ledger verify` of a file: a replayed ledger is right; each thing changed in it is found, and nothing else."""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.embedded.replay import Replay
from services.policy.library import load_policies
from tests.unit.conftest import Medaid
from tests.unit.events import claim, granted, reversed_

YEAR = "P1/lianyungang/2025"
EVENTS = [
    granted(),
    claim("1", "2025-03-02", "1500.00"),
    claim("2", "2025-05-20", "3500.00", referral="unreferred"),
    claim("3", "2025-06-20", "10.00"),
    reversed_("3"),
    granted("extreme_poverty", "2025-02-01", "g2"),
    granted("needy_worker", "2024-02-01", "g3", person_id="P2").replace(b"civil-affairs", b"trade-union"),
    claim("4", "2025-07-01", "900.00", person_id="P2"),
]
"""H1/1 and H1/2 are paid as a margin family first, then in full; H1/3 is reversed; H1/4 is another person's."""

Events = list[dict[str, Any]]
Tamper = Callable[[Events], object]


@cache
def replayed() -> bytes:
    """What `medaid replay` makes of the events."""

    async def feed() -> list[bytes]:
        work = Replay(load_policies())
        await work.start()
        return [output for number, line in enumerate(EVENTS) for output in await work.feed(number, line)]

    return b"".join(output + b"\n" for output in asyncio.run(feed()))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The same as a file, with the input events beside it."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(replayed())
    path.with_name("in.jsonl").write_bytes(b"".join(EVENTS))
    return path


def one(events: Events, event_id: str) -> dict[str, Any]:
    """The event of that id."""
    return next(event for event in events if event["id"] == event_id)


def data(events: Events, event_id: str) -> dict[str, Any]:
    """Its data."""
    found: dict[str, Any] = one(events, event_id)["data"]
    return found


def swap(events: Events, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Exchange two events."""
    first, second = events.index(one), events.index(other)
    events[first], events[second] = other, one


def rewrite(path: Path, tamper: Tamper) -> None:
    """Change the events of a file."""
    events = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    tamper(events)
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))


def test_a_replayed_ledger_is_right(medaid: Medaid, ledger: Path) -> None:
    said = medaid("ledger", "verify", "--from", ledger)
    assert (said.status, said.err) == (0, "")
    assert said.out == "verified: 2 persons, 2 person-years, 4 claims, 7 revisions, 5020.00 yuan paid, 0 differences\n"


TAMPERED: dict[str, tuple[Tamper, list[str]]] = {
    "a revision dropped": (
        lambda events: events.remove(one(events, "H1/2/0")),
        ["form H1/2 revision: ledger 1, must be 0", "form H1/2 sum of deltas: ledger 1300.00, must be 2800.00"],
    ),
    "a claim dropped": (
        lambda events: [events.remove(one(events, f"H1/1/{number}")) for number in (0, 1)],
        [f"form {YEAR} sequence: ledger 2 to 3, must be 1 to 3, each once"],
    ),
    "the first revision of the newest claim dropped": (
        lambda events: events.remove(one(events, "H1/3/0")),
        ["form H1/3 revision: ledger 1, must be 0", "form H1/3 sum of deltas: ledger -7.00, must be 0.00"],
    ),
    "the first revision told again at the end": (
        lambda events: events.append(one(events, "H1/1/0")),
        ["form H1/1 revision: ledger 0, must be 2", "form H1/1 sum of deltas: ledger 1500.00, must be 0.00"],
    ),
    "two claims in each other's place": (
        lambda events: swap(events, one(events, "H1/2/0"), one(events, "H1/3/0")),
        [f"anew {YEAR} sequence: ledger claims not in its order, settled anew impossible"],
    ),
    "a revision doubled": (
        lambda events: events.append(one(events, "H1/2/1")),
        ["form H1/2 revision: ledger 1, must be 2", "form H1/2 sum of deltas: ledger 4100.00, must be 2800.00"],
    ),
    "an amount changed": (
        lambda events: data(events, "H1/2/1").update(assistance_amount="2800.01"),
        [
            "form H1/2 assistance_amount of revision 1: ledger 2800.01, must be 2800.00",
            "form H1/2 personal_burden of revision 1: ledger 700.00, must be 699.99",
            "form H1/2 delta of revision 1: ledger 1300.00, must be 1300.01",
            "form H1/2 sum of deltas: ledger 2800.00, must be 2800.01",
            "anew H1/2 assistance_amount: ledger 2800.01, settled anew 2800.00",
        ],
    ),
    "a delta changed": (
        lambda events: data(events, "H1/2/0").update(delta="1500.01"),
        [
            "form H1/2 delta of revision 0: ledger 1500.01, must be 1500.00",
            "form H1/2 sum of deltas: ledger 2800.01, must be 2800.00",
        ],
    ),
    "a payment's share changed": (
        lambda events: data(events, "H1/2/1")["components"][0].update(rate="0.70"),
        ["anew H1/2 components[0].rate: ledger 0.70, settled anew 0.80"],
    ),
    "a category changed": (
        lambda events: data(events, "H1/4/0").update(category="orphan"),
        ["anew H1/4 category: ledger orphan, settled anew needy_worker"],
    ),
    "a counter changed": (
        lambda events: data(events, "H1/2/1")["counters"].update(year="4300.01"),
        [f"anew {YEAR} counters.year: ledger 4300.01, settled anew 4300.00"],
    ),
    "a sequence changed": (
        lambda events: data(events, "H1/4/0").update(sequence=2),
        ["form P2/lianyungang/2025 sequence: ledger 2, must be 1 to 2, each once"],
    ),
    "a sequence changed in one revision": (
        lambda events: data(events, "H1/2/1").update(sequence=3),
        ["form H1/2 sequence of revision 1: ledger 3, must be 2"],
    ),
    "a key's holder changed": (
        lambda events: data(events, "H1/4/0").update(person_id="P3"),
        ["form H1/4 person_id: ledger P3, must be P2"],
    ),
    "a year changed": (
        lambda events: data(events, "H1/4/0").update(year=2023),
        ["form H1/4 year: ledger 2023, must be 2025"],
    ),
    "a claim's facts changed in one revision": (
        lambda events: data(events, "H1/2/1")["claim"].update(total_amount="3500.01"),
        ["form H1/2 claim of revision 1: ledger other facts, must be those of the first revision"],
    ),
    "a settlement_id changed": (
        lambda events: data(events, "H1/4/0").update(settlement_id="H1/4/1"),
        ["form H1/4 settlement_id of revision 0: ledger H1/4/1, must be H1/4/0"],
    ),
    "an event id changed": (
        lambda events: one(events, "H1/4/0").update(id="H1/4"),
        ["form H1/4 id of revision 0: ledger H1/4, must be H1/4/0"],
    ),
    "a type changed": (
        lambda events: one(events, "H1/3/1").update(type="settlement.adjusted.v1"),
        ["form H1/3 type of revision 1: ledger settlement.adjusted.v1, must be settlement.reversed.v1"],
    ),
    "an edition that is gone": (
        lambda events: data(events, "H1/4/0")["policy"].update(edition="0123456789ab"),
        ["anew P2/lianyungang/2025 edition: ledger 0123456789ab, settled anew no file of that edition is here"],
    ),
    "a status that settlement did not follow": (
        lambda events: one(events, "P2/1")["data"]["intervals"].clear(),
        [
            "anew P2/lianyungang/2025 counters.year: ledger 720.00, settled anew 0.00",
            "anew H1/4 outcome: ledger assisted, settled anew not_assisted",
            "anew H1/4 reason: ledger null, settled anew no_entitlement",
            "anew H1/4 category: ledger needy_worker, settled anew null",
            "anew H1/4 components[0].kind: ledger direct, settled anew -",
            "anew H1/4 components[0].clause: ledger （五）2, settled anew -",
            "anew H1/4 components[0].base: ledger 900.00, settled anew -",
            "anew H1/4 components[0].rate: ledger 0.80, settled anew -",
            "anew H1/4 components[0].amount: ledger 720.00, settled anew -",
            "anew H1/4 components[0].limited_by: ledger null, settled anew -",
            "anew H1/4 assistance_amount: ledger 720.00, settled anew 0.00",
            "anew H1/4 personal_burden: ledger 180.00, settled anew 900.00",
            "anew H1/4 components: ledger -, settled anew []",
        ],
    ),
    "a field gone": (
        lambda events: data(events, "H1/4/0").pop("delta"),
        ["form settlement.results.v1[0]@12 value: ledger unreadable, must be data.delta: to be given"],
    ),
}


@pytest.mark.parametrize("fault", TAMPERED)
def test_what_was_changed_is_found_and_nothing_else(medaid: Medaid, ledger: Path, fault: str) -> None:
    tamper, expected = TAMPERED[fault]
    rewrite(ledger, tamper)
    said = medaid("ledger", "verify", "--from", ledger)
    *told, summary = said.out.splitlines()
    assert told == expected
    assert summary.endswith(f" {len(expected)} differences")
    assert (said.status, said.err) == (4, f"medaid: {len(expected)} differences in {ledger}\n")


def test_a_chinese_report_names_the_same_fields(medaid: Medaid, ledger: Path) -> None:
    rewrite(ledger, TAMPERED["a counter changed"][0])
    said = medaid("ledger", "verify", "--from", ledger, "--lang", "zh")
    assert said.out.splitlines() == [
        f"anew {YEAR} counters.year：总账 4300.01，重新结算 4300.00",
        "已核对：2 人，2 个人年度，4 笔结算，7 个版本，基金支付 5020.00 元，1 处差异",
    ]


def test_what_a_sender_wrote_stays_on_one_line(medaid: Medaid, ledger: Path) -> None:
    """A reason of reversal may hold line breaks."""
    rewrite(ledger, lambda events: data(events, "H1/3/1").update(reason="wrong\nbill" + "x" * 400))
    lines = medaid("ledger", "verify", "--from", ledger).out.splitlines()
    assert len(lines) == 1
    rewrite(ledger, lambda events: data(events, "H1/3/1").update(category="wrong\n" + "x" * 58))
    lines = medaid("ledger", "verify", "--from", ledger).out.splitlines()
    assert lines[:-1] == ["anew H1/3 category: ledger wrong\\n" + "x" * 58 + ", settled anew null"]


def test_input_events_are_refused_with_what_to_do(medaid: Medaid, ledger: Path) -> None:
    inputs = ledger.with_name("in.jsonl")
    said = medaid("ledger", "verify", "--from", inputs)
    assert (said.status, said.out) == (3, "")
    assert said.err == f"medaid: {inputs}: input events; `medaid replay in.jsonl --out FILE` first, then verify that file\n"


def test_a_file_without_results_is_refused(medaid: Medaid, tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_bytes(b"garbage\n[]\n")
    said = medaid("ledger", "verify", "--from", tmp_path / "none.jsonl")
    assert (said.status, said.out, said.err.count("\n")) == (3, "", 1)


def test_a_year_that_stands_under_other_readings_is_right_under_them(medaid: Medaid, tmp_path: Path) -> None:
    """The readings that a result names are those that it is adjudicated by again, whatever is switched on now."""
    inputs, outputs = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    inputs.write_bytes(granted() + claim("1", "2025-03-02", "3333.33"))
    readings = ("--readings", "lianyungang.outpatient_limit_scope=all_outpatient")
    assert medaid("replay", inputs, "--out", outputs, *readings).status == 0
    assert medaid("ledger", "verify", "--from", outputs).status == 0


def test_every_region_and_kind_of_claim_of_a_generated_year_is_right(medaid: Medaid, tmp_path: Path) -> None:
    year, outputs = tmp_path / "year.jsonl", tmp_path / "out.jsonl"
    with year.open("wb") as file:
        for region in load_policies().regions():
            assert medaid("generate", "--region", region, "--persons", 25, "--seed", 5, "--out", tmp_path / region).status == 0
            file.write((tmp_path / region).read_bytes())
    assert medaid("replay", year, "--out", outputs).status == 0
    said = medaid("ledger", "verify", "--from", outputs)
    assert (said.status, said.err) == (0, "")
    assert said.out.endswith(" 0 differences\n")
