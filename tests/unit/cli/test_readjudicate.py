"""`medaid readjudicate`: what it prints and writes, what it asks before it sends, what it refuses; of a ledger in a file, or one that stands for Kafka's."""

import asyncio
import io
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import ANY

import orjson
import pytest

from schemas.catalogue import AUDIT, AUDIT_TYPES, OPERATOR_EVENTS
from schemas.envelope import read_event
from services.cli.commands import readjudicate as command
from services.embedded.replay import PARTITIONS
from services.ledger.readjudication.reckoning import Reckoning, reckon_file
from services.ledger.verify.files import records_of
from services.policy.library import SHIPPED
from services.runtime.errors import Doubt
from services.runtime.records import Record
from tests.unit.conftest import Medaid, Said
from tests.unit.events import claim, granted
from tests.unit.ledger.towns import Town, city

REGION = "lianyungang"
TEXT = (SHIPPED / f"{REGION}.yaml").read_text("utf-8")
LOWER = TEXT.replace("limit_yuan: {C: {2023-01-01: 2000}", "limit_yuan: {C: {2023-01-01: 1500}")
LINES = [
    granted(),
    claim("1", "2025-03-02", "1800.00"),
    claim("2", "2025-05-20", "3000.00"),
    granted("subsistence_allowance", event_id="g2", person_id="P2"),
    claim("3", "2025-07-01", "900.00", person_id="P2"),
]
"""As worked by hand in tests/unit/ledger/test_readjudication.py: 210.00 and 140.00 more for P1, whatever P2 gets."""

SCOPE = ("--region", REGION, "--year", "2025")
SENDING = ("readjudicate", *SCOPE, "--operator", "li", "--reason", "corrected")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Settled as shipped, with the mended policy beside it."""

    async def settled() -> Path:
        town = Town(city(tmp_path / "shipped", REGION))
        await town.embedded.start()
        return (await town.settle(LINES)).write(tmp_path / "ledger.jsonl")

    (tmp_path / "mended.yaml").write_text(LOWER, "utf-8")
    return asyncio.run(settled())


def dry(medaid: Medaid, ledger: Path, *more: object) -> Said:
    """A dry run of the file under the mended policy."""
    return medaid("readjudicate", *SCOPE, "--from", ledger, "--policy", ledger.with_name("mended.yaml"), "--dry-run", *more)


def test_a_dry_run_tells_what_would_change(medaid: Medaid, ledger: Path) -> None:
    said = dry(medaid, ledger)
    policy, *lines = said.out.splitlines()
    assert (said.status, said.err) == (0, "")
    assert policy.startswith("policy lianyungang 2025: settled anew under edition ")
    assert lines == [
        "change assisted low_income_margin: 2 claims, +350.00 yuan",
        "largest H1/1: +210.00 yuan, from 0.00 to 210.00",
        "largest H1/2: +140.00 yuan, from 1960.00 to 2100.00",
        "total: 2 claims of 1 persons, +350.00 yuan (+350.00 paid more, 0.00 taken back; 0 persons would pay back)",
        "years: 2 need a request (1 change, 1 move to another edition alone), of 0 it waits already; 0 stay as they are, 0 cannot be settled",
    ]


def test_a_dry_run_in_chinese_names_the_same(medaid: Medaid, ledger: Path) -> None:
    _, *lines = dry(medaid, ledger, "--lang", "zh").out.splitlines()
    assert lines == [
        "change assisted low_income_margin：2 笔，+350.00 元",
        "largest H1/1：+210.00 元，由 0.00 变为 210.00",
        "largest H1/2：+140.00 元，由 1960.00 变为 2100.00",
        "total：2 笔，1 人，+350.00 元（补付 +350.00，收回 0.00；0 人须退回）",
        "years：2 个人年度需要请求（1 个有变化，1 个仅换版本），其中 0 个的请求已在等待结算；0 个不变，0 个无法结算",
    ]


def test_no_person_stands_on_the_terminal_and_the_same_bytes_in_the_file(medaid: Medaid, ledger: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for out in outs:
        assert "P1" not in dry(medaid, ledger, "--out", out).out
    assert outs[0].read_bytes() == outs[1].read_bytes()
    told = [orjson.loads(line) for line in outs[0].read_bytes().splitlines()]
    assert [(one["claim"], one["person_id"], one["delta"]) for one in told] == [("H1/1", "P1", "210.00"), ("H1/2", "P1", "140.00")]


def test_the_policy_that_runs_changes_nothing_and_a_reading_does(medaid: Medaid, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = medaid("readjudicate", *SCOPE, "--from", ledger, "--dry-run")
    assert said.out.splitlines()[1:] == [
        "total: 0 claims of 0 persons, 0.00 yuan (0.00 paid more, 0.00 taken back; 0 persons would pay back)",
        "years: 0 need a request (0 change, 0 move to another edition alone), of 0 it waits already; 2 stay as they are, 0 cannot be settled",
    ]
    monkeypatch.setenv("MEDAID_READINGS", f"{REGION}.grant_takes_effect=next_month,{REGION}.rounding=down")
    said = medaid("readjudicate", *SCOPE, "--from", ledger, "--dry-run")
    assert said.out.splitlines()[-1].startswith("years: 2 need a request (0 change, 2 move to another edition alone)")


class Servers:
    """A ledger in a file that stands for Kafka's; what is sent is kept, until the way there breaks."""

    def __init__(self, ledger: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        self.sent: list[Record] = []
        self.breaks: BaseException | None = None
        self._ledger = ledger
        terminal = io.StringIO(answer)
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr(command, "reckon_servers", self.reckon)
        monkeypatch.setattr(command, "send_servers", self.send)
        monkeypatch.setenv("MEDAID_READINGS", f"{REGION}.rounding=down")

    async def reckon(self, reckoning: Reckoning, *_: object) -> int:
        await reckon_file(reckoning, lambda: records_of(self._ledger), "kafka")
        return PARTITIONS

    async def send(self, _settings: object, told: Record, records: Iterable[Record], _rate: float, sent: object) -> None:
        assert callable(sent)
        self.told = told
        for record in records:
            self.sent.append(record)
            sent(len(self.sent))
            if self.breaks is not None:
                raise self.breaks


def test_it_asks_before_it_sends(medaid: Medaid, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in ("n\n", "", "\n", "yea\n"):
        servers = Servers(ledger, monkeypatch, answer)
        said = medaid(*SENDING)
        assert (said.status, servers.sent) == (0, [])
        assert said.err == "2 persons, total 0.00 yuan, 0 would pay back; go on? [y/N] nothing was sent\n"
        assert said.out.splitlines()[-1].startswith("years: 2 need a request")
    servers = Servers(ledger, monkeypatch, "y\n")
    said = medaid(*SENDING, "--lang", "zh")
    assert (said.status, said.err) == (0, "2 人，合计 0.00 元，0 人须退回；继续？[y/N] 2 requests are sent\n")
    events = [orjson.loads(record.value or b"") for record in servers.sent]
    assert {event["source"] for event in events} == {"/operators/cli:li"}
    audit = read_event(servers.told.value, (), AUDIT_TYPES)
    assert (servers.told.topic, servers.told.key, audit.source) == (AUDIT, b"cli:li", "/medaid/console")
    figures = {"requests": 2, "total": "0.00", "paying_back": 0, "editions": [said.out.splitlines()[0].split(" ")[-2]]}
    assert audit.data.wire() == {"operator": "cli:li", "client": ANY, "region": REGION, "year": 2025, "reason": "corrected", **figures}
    assert sorted(event["data"]["person_id"] for event in events) == ["P1", "P2"]
    assert [(record.topic, record.key) for record in servers.sent] == [
        (OPERATOR_EVENTS, event["data"]["person_id"].encode()) for event in events
    ]


def test_nothing_to_ask_for_is_no_question(medaid: Medaid, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(ledger, monkeypatch, "y\n")
    monkeypatch.delenv("MEDAID_READINGS")
    said = medaid(*SENDING)
    assert (said.status, said.err, servers.sent) == (0, "nothing to ask for\n", [])


def test_broken_off_says_how_far_it_came(medaid: Medaid, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for breaks, status, line in (
        (
            Doubt("kafka: send a record: away"),
            5,
            "medaid: kafka: send a record: away; 1 of 2 requests are sent, the same command goes on\n",
        ),
        (KeyboardInterrupt(), 130, "broken off: 1 of 2 requests are sent, the same command goes on\n"),
    ):
        servers = Servers(ledger, monkeypatch, "")
        servers.breaks = breaks
        said = medaid(*SENDING, "--yes")
        assert (said.status, said.err) == (status, line)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--policy", __file__), "--policy: only with --dry-run; services settle by their own files"),
        (("--readings", "suzhou.rounding=down"), "--readings: only with --dry-run"),
        (("--from", "settled.jsonl"), "--from settled.jsonl: only with --dry-run"),
        ((), "no terminal to ask on: --dry-run tells what would change, --yes sends without asking"),
        (("--yes", "--operator", ""), "--operator: expected a text of 1 to 112 characters"),
        (("--yes", "--reason", "x" * 501), "--reason: expected a text of 1 to 500 characters"),
        (("--yes", "--rate", "0"), "--rate"),
        (("--dry-run", "--region", "atlantis"), "--region atlantis: one of changchun, lianyungang, suzhou, wuxi"),
        (("--dry-run", "--year", "25"), "--year"),
        (("--dry-run", "--from", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (("--dry-run", "--from", "redis"), "--from redis: expected FILE or kafka"),
        (("--dry-run", "--policy", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_options_that_do_not_go_together_are_told(medaid: Medaid, arguments: tuple[str, ...], word: str) -> None:
    said = medaid(*SENDING, *arguments)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("medaid: ")
    assert said.err.count("\n") == 1
    assert word in said.err


def test_what_cannot_be_read_is_told_with_status_3(medaid: Medaid, ledger: Path, tmp_path: Path) -> None:
    """Faults of a policy with file, line and key; input events; a year or person that is not there."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text(
        LOWER.replace("valid_to: null", "valid_to: never").replace("{C: {2023-01-01: 1500}", "{C: {2023-01-01: much}"), "utf-8"
    )
    said = medaid("readjudicate", *SCOPE, "--from", ledger, "--policy", faulty, "--dry-run")
    assert (said.status, said.out) == (3, "")
    assert len(said.err.splitlines()) > 1
    assert all(line.startswith(f"medaid: {faulty}:") for line in said.err.splitlines())
    faulty.write_bytes(LOWER.encode("gb18030"))
    assert dry(medaid, ledger, "--policy", faulty).err == f"medaid: {faulty}:1: (file): UTF-8; this looks like GBK, save it as UTF-8\n"
    inputs = tmp_path / "in.jsonl"
    inputs.write_bytes(b"".join(LINES))
    said = dry(medaid, ledger, "--from", inputs)
    assert (said.status, said.err) == (
        3,
        f"medaid: {inputs}: input events; `medaid replay in.jsonl --out FILE` first, then take that file\n",
    )
    said = dry(medaid, ledger, "--year", "2024")
    assert (said.status, said.err) == (3, f"medaid: no result of {REGION} in 2024 in {ledger}\n")
    said = dry(medaid, ledger, "--person", "P3")
    assert (said.status, said.err) == (3, f"medaid: no result of that person of {REGION} in 2025 in {ledger}\n")
    said = medaid("readjudicate", *SCOPE, "--from", "/proc/self/mem", "--dry-run")
    assert (said.status, said.err) == (3, "medaid: --from /proc/self/mem: cannot be read: Input/output error\n")
    kept = ledger.read_bytes()
    said = dry(medaid, ledger, "--out", ledger)
    assert (said.status, said.err, ledger.read_bytes()) == (2, f"medaid: --out: {ledger} is the ledger to read\n", kept)
    said = dry(medaid, ledger, "--out", tmp_path / "nowhere" / "out.jsonl")
    assert (said.status, said.err.count("\n")) == (2, 1)
