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


BY_CLAIM_OR_YEAR = "base: {reading: swell_sum, choose: {year: {sum: swell, over_yuan: {2025-01-01: 5}}, none: self_pay}}"


def test_a_pool_that_only_another_reading_uses_is_no_fault() -> None:
    """Whether something goes by the year's sum may be what is open; a pool that no reading uses stays one."""
    found = re.search(r"base: \{sum: swell, .*\}", TEXT)
    assert found is not None
    declared = "readings:\n  swell_sum: {id: R9, default: year, other: none, clause: art. 13, why: a claim or the year}\n"
    text = TEXT.replace(found[0], BY_CLAIM_OR_YEAR).replace("readings:\n", declared)
    for value in ("year", "none"):
        assert load_policy("town.yaml", text, {"swell_sum": value}).readings["swell_sum"] == value
    with pytest.raises(PolicyError, match=r"town\.yaml:\d+: pools\.swell: to be used by a benefit"):
        load_policy("town.yaml", TEXT.replace(found[0], "base: self_pay"))
