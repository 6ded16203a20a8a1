"""Texts of others as they are shown: nothing in them is obeyed, and within JSON they mean what they meant."""

import json

import pytest

from schemas.foreign import quoted, visible, visible_lines

UNSEEN = [
    chr(code)
    for code in (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200D, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xE0041)
]


@pytest.mark.parametrize("sign", [*UNSEEN, "\ud800"], ids=ascii)
def test_what_is_not_seen_is_an_escape_that_json_reads_back(sign: str) -> None:
    shown = visible(f"a{sign}b")
    assert shown.isprintable()
    assert len(shown) > 3
    assert json.loads(f'"{shown}"') == f"a{sign}b"


def test_what_is_seen_stays() -> None:
    assert visible("医疗救助 “H1”, \\ ‘é’ €") == "医疗救助 “H1”, \\ ‘é’ €"
    assert visible(visible("a\x1b")) == visible("a\x1b") == "a\\u001b"


def test_lines_and_tabs_of_a_payload_stay_whichever_way_they_end() -> None:
    assert visible_lines("{\r\n\t\x1b\n}") == ["{", "\t\\u001b", "}"]
    assert visible_lines("a\rb") == ["a\\rb"]


def test_nobody_ends_his_quotation_himself() -> None:
    assert quoted("a” (checked)\n") == "“a\\u201d (checked)\\n”"
