"""An alternative of a reading is whole, or refused: no word beside it, none for a value that there is not, none missing for the value not chosen."""

import re
from pathlib import Path

import pytest

from services.policy.loader import load_policy
from services.policy.tree import PolicyError

TEXT = (Path(__file__).parent / "fifth_city.yaml").read_text("utf-8")
WHOLE = "applies: {reading: storm_surcharge, choose: {counted: true, ignored: false}}"


def test_what_is_whole_is_taken() -> None:
    assert TEXT.count(WHOLE) == 1
    load_policy("town.yaml", TEXT)


@pytest.mark.parametrize(
    ("wrong", "key", "told"),
    [
        ("{reading: storm_surcharge, choose: {counted: true, ignored: false}, percent: 5}", "percent", "no such key beside reading"),
        ("{reading: storm_surcharge, chose: {counted: true, ignored: false}}", "chose", "no such key beside reading"),
        ("{reading: storm_surcharge, choose: {counted: true}}", "choose", "an alternative for each of storm_surcharge = counted, ignored"),
        ("{reading: storm_surcharge, choose: {ignored: false}}", "choose", "an alternative for each of storm_surcharge = counted, ignored"),
        ("{reading: storm_surcharge, choose: {counted: true, ignored: false, other: true}}", "choose.other", "counted or ignored"),
        ("{reading: storm_surcharge, choose: true}", "choose", "an alternative for each of storm_surcharge = counted, ignored"),
        ("{reading: [storm_surcharge], choose: {counted: true, ignored: false}}", "reading", "the name of a reading"),
        ("{reading: storm, choose: {counted: true, ignored: false}}", "reading", "the name of a reading"),
    ],
)
def test_what_is_not_is_refused_with_its_place(wrong: str, key: str, told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_policy("town.yaml", TEXT.replace(WHOLE, f"applies: {wrong}"))
    first, *_ = str(refused.value).splitlines()
    assert re.fullmatch(rf"town\.yaml:\d+: benefits\.\d+\.modifiers\.\d+\.applies\.{re.escape(key)}: .*{re.escape(told)}.*", first)
