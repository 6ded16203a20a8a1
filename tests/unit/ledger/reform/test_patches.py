"""A patch sets figures by their paths, for all dates or from a day on; what it names and the file has not is told with what there is."""

from typing import Any

import pytest

from services.ledger.reform.changes import differences
from services.ledger.reform.given import Patch, changes_of, from_patch, from_whole, today
from services.ledger.reform.patches import patched, text_of
from services.policy.library import Policies, Source
from services.policy.loader import load_policy
from services.policy.tree import PolicyError, parse
from services.policy.words import Speech
from tests.unit.ledger.reform.laboratory import POLICIES, reformed, source_of

REGION = "lianyungang"
BASE = today(POLICIES, REGION)


@pytest.mark.parametrize("region", POLICIES.regions())
def test_data_written_and_read_again_are_the_same(region: str) -> None:
    """So a patched file says what the file of today says, but for its patch."""
    source = source_of(region)
    tree = parse("city", source.text)
    assert parse("again", text_of(tree.data)).data == tree.data
    case = reformed(region)
    assert (changes_of(BASE, case) if region == REGION else [], case.is_anew) == ([], False)
    assert [policy.edition for policy in case.policies.current[region]] == [policy.edition for policy in POLICIES.current[region]]


def test_texts_that_look_like_values_stay_texts() -> None:
    data = {"a": "null", "b": None, "c": "true", "d": True, "e": "", "f": "0070", "g": ["~", "1e3", "2023-01-01"], "2023-01-01": "5"}
    assert parse("again", text_of(data)).data == data


@pytest.mark.parametrize(
    ("value", "figures"),
    [
        ("75", {"2023-01-01": "75"}),
        ({"2025-07-01": "75"}, {"2023-01-01": "70", "2025-07-01": "75", "2026-01-01": "80"}),
        ({"2023-01-01": "75"}, {"2023-01-01": "75", "2026-01-01": "80"}),
        (None, {"2023-01-01": None}),
    ],
)
def test_a_plain_figure_holds_for_all_dates_and_dated_ones_from_their_day_on(value: Any, figures: Any) -> None:
    tree = parse("city", "benefits: [{id: stay, rate: {II: {2023-01-01: 70, 2026-01-01: 80}}}]")
    data, missing = patched(tree, {"benefits.stay.rate.II": value})
    assert (data["benefits"][0]["rate"]["II"], missing) == (figures, {})
    assert tree.data["benefits"][0]["rate"]["II"] == {"2023-01-01": "70", "2026-01-01": "80"}, "the file of today is left as it is"


def test_a_day_may_be_named_in_the_path_also_one_that_the_figure_has_not() -> None:
    tree = parse("city", "pools: {year: {2023-01-01: 70}}")
    assert patched(tree, {"pools.year.2023-01-01": "1", "pools.year.2024-01-01": "2"})[0]["pools"]["year"] == {
        "2023-01-01": "1",
        "2024-01-01": "2",
    }


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("benefit.direct", "no benefit there; there is id, title, document, "),
        ("benefits.dirct.rate", "no dirct there; there is direct"),
        ("benefits.direct.modifiers.9.percent", "no 9 there; there is 0"),
        ("pools.year.limit_yuan.X", "no X there; there is default, D"),
        ("status.x", "nothing lies below, so there is no x"),
    ],
)
def test_an_unknown_path_is_told_with_what_there_is(path: str, told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        reformed(REGION, {path: "1"})
    assert str(refused.value).startswith(f"patch: set: {path}: {told}")


def test_all_unknown_paths_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        reformed(REGION, {"a.b": "1", "pools.year.limit_yuan.D": "1", "c.d": "1"}, {"no_such": "x"})
    assert [line.split(": ")[2] for line in str(refused.value).splitlines()] == ["a.b", "c.d", "no_such"]


def test_a_figure_that_cannot_stand_there_is_told_by_its_path_and_id() -> None:
    with pytest.raises(PolicyError) as refused:
        reformed(REGION, {"benefits.direct.rate.class_percent.C": "700"})
    first, *_ = str(refused.value).splitlines()
    assert first.startswith("patch: benefits.direct.rate.class_percent.C")
    assert "percentage" in first


def test_what_is_changed_is_told_in_words_with_the_benefit_s_name() -> None:
    case = reformed(REGION, {"benefits.direct.rate.class_percent.C": "75", "pools.year.limit_yuan.default": {"2025-07-01": "250000"}})
    assert [change.words(Speech("en")) for change in changes_of(BASE, case)] == [
        "pools.year.limit_yuan.default (limit of the year): 200000 from 2023-01-01, 250000 from 2025-07-01 instead of 200000 from 2023-01-01",
        "benefits.direct.rate.class_percent.C (direct assistance): 75 from 2023-01-01 instead of 70 from 2023-01-01",
    ]
    assert [change.words(Speech("zh")) for change in changes_of(BASE, case)][1] == (
        "benefits.direct.rate.class_percent.C（医疗救助）：由 自2023-01-01起 70 改为 自2023-01-01起 75"
    )


def test_a_reading_switched_is_told_as_what_it_changes() -> None:
    case = reformed(REGION, readings={"rounding": "down"})
    assert [change.words(Speech("en")) for change in changes_of(BASE, case)] == ["self_pay.rounding: down instead of half_up"]


def test_a_whole_file_stands_for_the_shipped_one_and_keeps_the_readings_that_run() -> None:
    base = reformed(REGION, readings={"rounding": "down"})
    source = source_of(REGION)
    other = source.text.replace("C: {2023-01-01: 70}", "C: {2023-01-01: 75}")
    case = from_whole(base, Source("other.yaml", other), None, {})
    assert {change.after["2023-01-01"] for change in changes_of(base, case)} == {"75"}
    assert len(case.policies.current[REGION]) == 1
    assert case.policies.current[REGION][0].readings["rounding"] == "down"


def test_a_patch_on_a_patch_tells_all_that_differs_from_today() -> None:
    first = reformed(REGION, {"benefits.direct.rate.class_percent.C": "75"})
    both = from_patch(first, Patch("both", {"benefits.direct.rate.class_percent.B": "75"}, {}))
    assert {change.path.rpartition(".")[2] for change in changes_of(BASE, both)} == {"B", "C"}


def test_lists_are_apart_by_id_and_new_things_are_whole() -> None:
    one = {"benefits": [{"id": "a", "rate": "1"}, {"id": "b", "rate": "2"}], "bars": ["x"], "status": "draft"}
    other = {"benefits": [{"id": "a", "rate": "1"}, {"id": "b", "rate": "3"}], "bars": ["x", "y"]}
    assert [(change.path, change.before, change.after) for change in differences(one, other)] == [
        ("benefits.b.rate", "2", "3"),
        ("bars", ["x"], ["x", "y"]),
        ("status", "draft", None),
    ]


def test_of_several_files_of_a_region_each_takes_what_it_has() -> None:
    """Until the end of 2024 one file, then another, whose pool is called otherwise: each path finds its own, a fault in either is told."""
    text = source_of(REGION).text
    until = Source("until", text.replace("valid_to: null", "valid_to: 2024-12-31"))
    after = Source(
        "after", text.replace("valid_from: 2023-01-01", "valid_from: 2025-01-01").replace("deductible: {label", "threshold: {label")
    )
    after = Source("after", after.text.replace("deductible: deductible", "deductible: threshold"))
    files = tuple(load_policy(source.name, source.text) for source in (until, after))
    base = today(Policies({REGION: files}, (until, after)), REGION)
    both = from_patch(base, Patch("p", {"pools.deductible.limit_yuan.C": "1", "pools.threshold.limit_yuan.C": "2"}, {"rounding": "down"}))
    assert [(change.path, change.after) for change in changes_of(base, both)] == [
        ("self_pay.rounding", "down"),
        ("pools.deductible.limit_yuan.C", {"2023-01-01": "1"}),
        ("self_pay.rounding", "down"),
        ("pools.threshold.limit_yuan.C", {"2023-01-01": "2"}),
    ]
    with pytest.raises(PolicyError, match=r"p: set: pools.nowhere.limit_yuan.C: no nowhere there"):
        from_patch(base, Patch("p", {"pools.nowhere.limit_yuan.C": "1"}, {}))
    with pytest.raises(PolicyError, match=r"p: pools.threshold.limit_yuan.C.2023-01-01: an amount in yuan"):
        from_patch(base, Patch("p", {"pools.threshold.limit_yuan.C": "-1"}, {}))
