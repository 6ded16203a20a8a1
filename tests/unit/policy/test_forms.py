"""What could be read as another number, day or place than its writer meant is refused, where it stands and with the right form; all of a file at once."""

from itertools import pairwise

import pytest

from services.policy.library import SHIPPED
from services.policy.loader import load_policy
from services.policy.tree import PolicyError

WUXI = (SHIPPED / "wuxi.yaml").read_text("utf-8")
FULL = "full: {2023-01-01: 100}, premium_paid"
RATE = "benefits.0.rate.class_percent.full"
FORMS = {
    "a percent sign": (FULL, FULL.replace("100", "70%"), f"{RATE}.2023-01-01: a percentage in digits, without a % sign"),
    "Chinese digits": (FULL, FULL.replace("100", "七十"), f"{RATE}.2023-01-01: a percentage in digits"),
    "an empty text": (FULL, FULL.replace("100", "''"), f"{RATE}.2023-01-01: a percentage in digits"),
    "a share": (FULL, FULL.replace("100", "0.7"), f"{RATE}.2023-01-01: a percentage of at least 1, or 0; 0.7 would be"),
    "three decimals": (FULL, FULL.replace("100", "70.125"), f"{RATE}.2023-01-01: a percentage in digits"),
    "above the whole": (FULL, FULL.replace("100", "101"), f"{RATE}.2023-01-01: a percentage from 0 to 100"),
    "no date": (FULL, "full: 70, premium_paid", f"{RATE}: a figure is dated: {{2023-01-01: 70}}"),
    "nothing dated": (FULL, "full: {}, premium_paid", f"{RATE}: a figure is dated"),
    "a day with an hour": (FULL, FULL.replace("01-01", "01-01T00:00"), f"{RATE}.2023-01-01T00:00: a day of the calendar as YYYY-MM-DD"),
    "no day of the calendar": (FULL, FULL.replace("01-01", "02-30"), f"{RATE}.2023-02-30: a day of the calendar as YYYY-MM-DD"),
    "a day in another form": ("valid_from: 2023-01-01", "valid_from: 2023/01/01", "valid_from: a day of the calendar as YYYY-MM-DD"),
    "an amount in words": ("{2023-01-01: 300000}", "{2023-01-01: 三十万}", "pools.year.limit_yuan.default.2023-01-01: an amount in yuan"),
    "an amount without a date": (
        "{default: {2023-01-01: 300000}}",
        "300000",
        "pools.year.limit_yuan: a dated figure: {2023-01-01: 5000}; or one for each class",
    ),
    "an empty list": ("visit_types: [outpatient]}", "visit_types: [outpatient], classes: []}", "benefits.0.when.classes: at least one"),
    "a list for a key": ("pools:\n", "pools:\n  ? [a, b]\n  : 3\n", "pools: a text for a key"),
    "an alias of what it stands in": ("pools:\n", "pools: &p\n  x: *p\n  y: *p\n", "pools.x: no alias of what it stands in"),
    "a key twice": ("  year: {label", "  year: 1\n  year: {label", "pools.year: a key only once"),
    "an alternative of no value": (
        "within_annual: [tilt, year]",
        "within_anual: [tilt, year]",
        "benefits.2.limited_by.choose: an alternative for each of",
    ),
    "a word beside a choice": (
        "{reading: stay_year}",
        "{reading: stay_year, chose: 1}",
        "self_pay.stay_year.chose: no such key beside reading",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_could_mean_something_else_is_refused(name: str) -> None:
    """With file, line and key."""
    here, other, told = FORMS[name]
    assert here in WUXI
    with pytest.raises(PolicyError) as refused:
        load_policy("wuxi.yaml", WUXI.replace(here, other))
    assert any(line.startswith("wuxi.yaml:") and told in line for line in str(refused.value).splitlines()), str(refused.value)


def test_all_faults_of_a_stage_are_told_at_once() -> None:
    """Three misspelt words, three lines."""
    text = WUXI.replace("in_province: true", "in_provinse: true").replace("paid_after_enrolment", "paid_after").replace("over_yuan", "over")
    with pytest.raises(PolicyError) as refused:
        load_policy("wuxi.yaml", text)
    told = str(refused.value)
    assert all(word in told for word in ("in_provinse", "paid_after", "base.over: no such key")), told


def test_aliases_of_aliases_hold_nobody_up() -> None:
    """A few lines that would be a thousand million values."""
    names = "abcdefghi"
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise(names)
    )
    with pytest.raises(PolicyError, match="200000 keys and values"):
        load_policy("wuxi.yaml", WUXI + bomb)
