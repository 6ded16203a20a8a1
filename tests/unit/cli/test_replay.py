"""`medaid replay`: the contract's words, one by one."""

import gc
import tracemalloc
from base64 import b64encode
from codecs import BOM_UTF8
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.catalogue import DEADLETTER_TYPES, RESULTS, TYPES_BY_TOPIC
from services.embedded.replay import INTERNAL, Replay, place_of
from services.policy.library import load_policies
from services.synthetic import generate
from tests.unit.conftest import Medaid
from tests.unit.events import claim, granted, reversed_

MODELS = {kind: model for topic, types in TYPES_BY_TOPIC.items() if topic not in INTERNAL for kind, model in types.items()} | dict(
    DEADLETTER_TYPES
)
PERSONS = 30
CLAIMS = 200


def year(region: str = "changchun") -> bytes:
    """A small generated year."""
    policies = load_policies()
    return b"".join(line + b"\n" for line in generate(policies.nearest(region, date(2025, 1, 1)), PERSONS, 5, 2025))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "year.jsonl"
    path.write_bytes(year())
    return path


def events(text: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


def test_the_same_file_gives_the_same_bytes(medaid: Medaid, file: Path, tmp_path: Path) -> None:
    first = medaid("replay", file)
    assert first.status == 0
    assert first.out.count("\n") > PERSONS
    assert medaid("replay", file, "--out", tmp_path / "out.jsonl").out == ""
    assert (tmp_path / "out.jsonl").read_text("utf-8") == first.out


def test_standard_error_says_at_the_end_what_was_read(medaid: Medaid, file: Path, tmp_path: Path) -> None:
    """And nothing else, without a terminal: so many lines, so many dead letters, by reason."""
    said = medaid("replay", file)
    reasons = Counter(event["data"]["reason"] for event in events(said.out) if event["type"] == "deadletter.v1")
    by_reason = ", ".join(f"{reason} {reasons[reason]}" for reason in sorted(reasons))
    assert len(reasons) > 1
    assert said.err == f"lines read: {len(year().splitlines())}, dead letters: {reasons.total()} ({by_reason})\n"
    (tmp_path / "good.jsonl").write_bytes(granted())
    assert medaid("replay", tmp_path / "good.jsonl").err == "lines read: 1, dead letters: 0\n"


def test_a_byte_order_mark_is_named_and_not_stripped(medaid: Medaid, tmp_path: Path) -> None:
    """The first line is a dead letter with its mark; one before a later line is a dead letter like any other."""
    path = tmp_path / "marked.jsonl"
    path.write_bytes(BOM_UTF8 + granted() + claim("1", "2025-03-02", "5000.00"))
    said = medaid("replay", path)
    letter = events(said.out)[0]["data"]
    assert (letter["reason"], letter["payload"]) == ("malformed_json", (BOM_UTF8 + granted()).decode().rstrip())
    warning, summary = said.err.splitlines()
    assert warning.startswith(f"medaid: warning: {path} begins with a UTF-8 byte-order mark")
    assert summary == "lines read: 2, dead letters: 1 (malformed_json 1)"
    path.write_bytes(granted() + BOM_UTF8 + claim("1", "2025-03-02", "5000.00"))
    assert medaid("replay", path).err == "lines read: 2, dead letters: 1 (malformed_json 1)\n"


UTF_16 = Path(__file__).parents[2] / "contract" / "field" / "utf16_file.jsonl"


@pytest.mark.parametrize(
    "command", [["replay"], ["explain", "H-07/S-88", "--from"], ["ledger", "verify", "--from"]], ids=lambda words: words[0]
)
@pytest.mark.parametrize("encoding", ["as saved", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_a_wide_encoding_is_named_as_such(medaid: Medaid, tmp_path: Path, command: list[str], encoding: str) -> None:
    """Not a dead letter a line, none of which could be read; the file of the field has a mark at its beginning, others have none."""
    path = UTF_16
    if encoding != "as saved":
        path = tmp_path / "wide.jsonl"
        path.write_text(UTF_16.read_text("utf-16"), encoding)
    said = medaid(*command, path)
    wide = "UTF-32" if encoding == "utf-32" else "UTF-16"
    assert (said.status, said.out) == (3, "")
    [line] = said.err.splitlines()
    assert line.startswith(f"medaid: {path} is in {wide}, events are in UTF-8")


@pytest.mark.parametrize("region", load_policies().regions())
def test_every_output_is_as_the_schemas_say(medaid: Medaid, tmp_path: Path, region: str) -> None:
    """Each line is one event of a type that others may read, and its data has its model's shape."""
    (tmp_path / "year.jsonl").write_bytes(year(region))
    kinds = set()
    for event in events(medaid("replay", tmp_path / "year.jsonl").out):
        kinds.add(event["type"])
        MODELS[event["type"]].model_validate(event["data"])
    assert {"identity.timeline.updated.v1", "identity.premium_subsidy.due.v1", "settlement.completed.v1", "deadletter.v1"} <= kinds


STRAY = {
    b"": "malformed_json",
    b"not json": "malformed_json",
    b'{"type": NaN}': "malformed_json",
    b"\xff\xfe": "malformed_json",
    b"[]": "invalid_event",
    b'"text"': "invalid_event",
    b"{}": "invalid_event",
    b'{"specversion":"1.0","id":"1","source":"/s","type":"no.such.v1","time":"2025-01-01T00:00:00Z","data":{}}': "unknown_type",
    b'{"specversion":"1.0","id":"1","source":"/s","type":["x"],"time":"2025-01-01T00:00:00Z","data":{}}': "invalid_event",
    b'{"specversion":"1.0","id":"1","source":"/s","type":"settlement.completed.v1","time":"2025-01-01T00:00:00Z","data":{}}': "unknown_type",
    b"x" * (256 * 1024 + 1): "too_large",
}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_line_that_fits_no_topic_gets_a_dead_letter_with_its_number(medaid: Medaid, tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "stray.jsonl"
    path.write_bytes(b"".join(line + ending for line in STRAY))
    said = medaid("replay", path)
    assert said.status == 0
    letters = [event["data"] for event in events(said.out)]
    assert [letter["reason"] for letter in letters] == list(STRAY.values())
    assert [letter["offset"] for letter in letters] == list(range(len(STRAY)))
    assert {letter["topic"] for letter in letters} == {None}
    assert letters[1]["payload"] == "not json"


def test_a_line_of_a_known_type_goes_to_its_topic_whatever_else_is_wrong(medaid: Medaid, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_bytes(b'{"specversion":"0.3","type":"hospital.claim.submitted.v1"}\n' + granted(person_id="no such id!"))
    letters = [event["data"] for event in events(medaid("replay", path).out)]
    assert [(letter["reason"], letter["topic"]) for letter in letters] == [
        ("invalid_event", "hospital.claims.v1"),
        ("invalid_event", "identity.events.v1"),
    ]


@pytest.mark.parametrize(
    ("packed", "key"),
    [
        (b64encode(b'{"person_id":"P1"}').decode(), "P1"),
        (b64encode(b'{"person_id":7}').decode(), None),
        (b64encode(b"[1]").decode(), None),
        ("no", None),
    ],
)
def test_a_line_lies_with_its_person_also_where_data_is_packed(packed: str, key: str | None) -> None:
    """Else it would lie in another lane, and be carried to its own."""
    event = orjson.loads(claim("1", "2025-03-02", "5000.00"))
    del event["data"]
    assert place_of(orjson.dumps(event | {"data_base64": packed})) == ("hospital.claims.v1", key)


def test_line_endings_do_not_matter(medaid: Medaid, tmp_path: Path) -> None:
    """Not those of Windows, nor a last line without one."""
    plain = granted() + claim("1", "2025-03-02", "5000.00") + reversed_("1")
    (tmp_path / "plain.jsonl").write_bytes(plain)
    (tmp_path / "crlf.jsonl").write_bytes(plain.replace(b"\n", b"\r\n"))
    (tmp_path / "cut.jsonl").write_bytes(plain.removesuffix(b"\n"))
    said = [medaid("replay", tmp_path / f"{name}.jsonl").out for name in ("plain", "crlf", "cut")]
    assert said[0] == said[1] == said[2] != ""


async def test_each_line_is_at_rest_before_the_next_counts() -> None:
    """A grant, then its claim: no revision is needed. A claim, then its grant: one is."""
    work = Replay(load_policies())
    await work.start()
    kinds = [
        [orjson.loads(output)["type"].rpartition(".v1")[0] for output in await work.feed(number, line)]
        for number, line in enumerate([granted(), claim("1", "2025-03-02", "5000.00"), granted("extreme_poverty", "2025-02-01", "g2")])
    ]
    assert kinds[0][:1] == ["identity.timeline.updated"]
    assert kinds[1][:1] == ["settlement.completed"]
    assert "settlement.adjusted" in kinds[2]


async def test_nothing_is_kept_but_the_views() -> None:
    """What was read is forgotten, so that a file of any length streams."""
    work = Replay(load_policies())
    await work.start()
    for number, line in enumerate(year().splitlines()):
        await work.feed(number, line)
    assert work.embedded.kafka.records(RESULTS) == []
    assert work.embedded.drain() == []


async def test_the_views_take_no_more_memory_than_what_they_hold() -> None:
    """For each claim a few hundred bytes, not the kilobytes of the buffers in which they were written."""
    work = Replay(load_policies())
    await work.start()
    await work.feed(0, granted())
    tracemalloc.start()
    for number in range(1, 1 + CLAIMS):
        await work.feed(number, claim(str(number), "2025-03-02", "10.00"))
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken / CLAIMS < 6_000


def test_readings_change_what_is_paid(medaid: Medaid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the option, or by the setting that the services know."""
    path = tmp_path / "year.jsonl"
    path.write_bytes(granted() + claim("1", "2025-06-11", "2033.35"))

    def paid(*options: object) -> str:
        return str(events(medaid("replay", path, *options).out)[-1]["data"]["assistance_amount"])

    assert paid() == "23.35"
    assert paid("--readings", "lianyungang.rounding=down") == "23.34"
    monkeypatch.setenv("MEDAID_READINGS", "lianyungang.rounding=down,suzhou.rounding=down")
    assert paid() == "23.34"


def test_a_variable_that_is_no_longer_read_is_refused(medaid: Medaid, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the warnings would be others than its site means."""
    monkeypatch.setenv("MEDAID_THRESHOLDS", "own.yaml")
    said = medaid("replay", file)
    assert (said.status, said.out) == (2, "")
    assert said.err == (
        "medaid: MEDAID_THRESHOLDS: expected to be unset, it is no longer read; call the file thresholds.yaml, "
        "and put it into the folder that MEDAID_POLICIES names\n"
    )


def test_wrong_use_is_told_in_one_line(medaid: Medaid, file: Path, tmp_path: Path) -> None:
    for arguments, word in {
        ("replay", tmp_path / "none.jsonl"): "none.jsonl",
        ("replay", tmp_path): "is a directory",
        ("replay", file, "--out", file): "is the file to replay",
        ("replay", file, "--out", tmp_path / "no" / "such.jsonl"): "cannot be written",
        ("replay", file, "--readings", "suzhou.no_such=1"): "no_such",
        ("replay", file, "--readings", "nonsense"): "nonsense",
        ("replay", file, "--policies", tmp_path / "none"): "none",
        ("replay",): "FILE.jsonl",
    }.items():
        said = medaid(*arguments)
        assert (said.status, said.out) == (2, "")
        assert said.err.count("\n") == 1
        assert said.err.startswith("medaid: ")
        assert word in said.err


def test_an_empty_file_gives_nothing(medaid: Medaid, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    said = medaid("replay", tmp_path / "empty.jsonl")
    assert (said.status, said.out, said.err) == (0, "", "lines read: 0, dead letters: 0\n")
