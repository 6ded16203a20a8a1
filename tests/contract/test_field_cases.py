"""Small files from the field, `field/`: what hospitals' systems really send, replayed, with what is right worked out by hand.

Suzhou, subsistence allowance: 85% of the self-pay, no deductible (二（六）2). Changchun, the same category: the first 1,000 of the year are the
person's, 70% of the rest, 80% up to 14 years of age (第十一条).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from services.embedded.replay import Replay
from services.policy.library import load_policies

FOLDER = Path(__file__).parent / "field"
ELSEWHERE = {"utf16_file"}
"""Refused as a whole by the command: tests/unit/cli/test_replay.py."""


class Told(NamedTuple):
    """What came of a file.

    Attributes:
        paid: By claim and revision the assistance, yuan.
        letters: By the number of the line what its dead letter says.
        warnings: Every warning's verb and id.
    """

    paid: dict[str, str]
    letters: dict[int, dict[str, Any]]
    warnings: list[tuple[str, str]]


async def replayed(name: str) -> Told:
    """What comes of a file of `field/`; an empty line is a line, too."""
    work = Replay(load_policies())
    await work.start()
    found = Told({}, {}, [])
    for number, line in enumerate((FOLDER / f"{name}.jsonl").read_bytes().removesuffix(b"\n").split(b"\n")):
        for value in await work.feed(number, line):
            event = orjson.loads(value)
            if event["type"] == "deadletter.v1":
                found.letters[number] = event["data"]
            elif event["type"].startswith("settlement."):
                found.paid["/".join(event["data"]["settlement_id"].split("/")[1:])] = event["data"]["assistance_amount"]
            elif event["type"].startswith("monitoring.warning."):
                found.warnings.append((event["type"].split(".")[2], event["data"]["warning_id"]))
    return found


def paths(letter: dict[str, Any]) -> Sequence[str]:
    """Where a letter finds faults."""
    return [fault["path"] for fault in letter["faults"]]


def test_every_file_is_worked() -> None:
    source = Path(__file__).read_text("utf-8")
    files = {path.stem for path in FOLDER.glob("*.jsonl")}
    assert {name for name in files if f'("{name}")' not in source} == {
        f"renewal_same_timestamp_{first}_id_first" for first in IDS
    } | ELSEWHERE


IDS = ["grant", "revoke"]


@pytest.mark.parametrize("first", IDS)
async def test_renewal(first: str) -> None:
    """A year's grant, revoked and granted anew in one instant, goes on whichever id comes first: (10,000 - 6,000) x 85%."""
    told = await replayed(f"renewal_same_timestamp_{first}_id_first")
    assert (told.paid, told.letters) == ({"S1/0": "3400.00"}, {})


async def test_split_billing() -> None:
    """Two bills of one stay: (10,000 - 6,000) x 85% = 3,400.00 each, and no overlap."""
    told = await replayed("split_billing")
    assert told == ({"S1/0": "3400.00", "S2/0": "3400.00"}, {}, [])


async def test_reversal_with_own_setl_id() -> None:
    """The refund's own number was sent as the reversed claim's: the bill stays paid, (10,000 - 6,000) x 85%, and the fund is told."""
    told = await replayed("reversal_with_own_setl_id")
    assert told == ({"S1/0": "3400.00"}, {}, [("raised", "reversal_waiting/suzhou/P1/2025/H1/S1R")])


async def test_refund_as_negative_row() -> None:
    told = await replayed("refund_as_negative_row")
    assert told.paid == {"S1/0": "3400.00"}
    assert set(told.letters) == {2, 3}
    for letter in told.letters.values():
        assert (letter["reason"], paths(letter)) == (
            "invalid_event",
            [f"data.{name}" for name in ("total_amount", "policy_scope_amount", "basic_paid")],
        )
        assert "hospital.claim.reversed.v1" in letter["detail"]


async def test_resettle_same_setl_id() -> None:
    """Corrected content under a reversed key is refused; the old content again is a redelivery."""
    told = await replayed("resettle_same_setl_id")
    assert told.paid == {"S1/0": "3400.00", "S1/1": "0.00"}
    assert {number: letter["reason"] for number, letter in told.letters.items()} == {3: "conflicting_duplicate"}
    assert "new claim_id" in told.letters[3]["detail"]


async def test_platform_shaped_record() -> None:
    """Fourteen faults, told at once: of the envelope the time, of `data` the rest."""
    told = await replayed("platform_shaped_record")
    assert told.paid == {}
    [letter] = told.letters.values()
    assert letter["reason"] == "invalid_event"
    assert letter["detail"].endswith("(and 13 more)")
    of_data = [
        "person_id", "visit_type", "service_date", "insurance_type", "conditions", "total_amount", "policy_scope_amount", "other_paid", "in_province",
        "birth_date", "district", "maf_pay", "psn_name",
    ]  # fmt: skip
    assert paths(letter) == ["time", *(f"data.{name}" for name in of_data)]


async def test_person_null_text() -> None:
    told = await replayed("person_null_text")
    assert told.paid == {}
    assert [(letter["reason"], paths(letter)) for letter in told.letters.values()] == [("invalid_event", ["data.person_id"])] * 3


async def test_birth_after_admission() -> None:
    """S1, of unknown age: (10,000 - 1,000) x 70%. S2, of age 45: 10,000 x 70%, the deductible is used up. S3, born after the stay: refused."""
    told = await replayed("birth_after_admission")
    assert told.paid == {"S1/0": "6300.00", "S2/0": "7000.00"}
    assert [(letter["reason"], paths(letter)) for letter in told.letters.values()] == [("invalid_dates", ["data.birth_date"])]


async def test_maf_included_in_other_paid() -> None:
    """(10,000 - 6,000 - 3,400) x 85%: the claim cannot show that the 3,400 were assistance; docs/platform.md says where maf_pay goes."""
    assert (await replayed("maf_included_in_other_paid")).paid == {"S1/0": "510.00"}


NAMED = {
    33: "byte-order mark", 34: "byte 445 is none of UTF-8, all of it can be read as GBK", 35: "UTF-16", 36: "schema registry's prefix",
    37: "line 1, column 431 (byte 431)", 38: "ends too early, at line 1, column 392", 39: "no JSON any more from line 1, column 432",
    40: "line 1, column 446", 41: "line 1, column 2", 42: "the value is empty", 43: "the value is empty", 44: "line 1, column 304", 45: "column 432",
}  # fmt: skip
"""By line what each that is no JSON is called. 38 was cut off, 39 holds two documents, 44 NaN, 45 ends in a zero byte."""


async def test_envelope_and_encoding() -> None:
    """Line 1 has `data_base64`; 6, 7 and 13 other forms of time; 21 and 22 further attributes: each 300 x 85%. All others are refused, once."""
    told = await replayed("envelope_and_encoding")
    assert told.paid == {f"C{number}/0": "255.00" for number in ("01", "06", "07", "13", "21", "22")}
    assert set(told.letters) == {*range(47)} - {0, 1, 6, 7, 13, 21, 22}
    for number, words in NAMED.items():
        assert told.letters[number]["reason"] == "malformed_json"
        assert words in told.letters[number]["detail"]
    expected = {2: "not a text that holds one", 19: "small letters", 23: "one a record", 46: "one a record"}
    for number, words in expected.items():
        assert told.letters[number]["reason"] == "invalid_event"
        assert words in told.letters[number]["detail"]
