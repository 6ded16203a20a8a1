"""No word is ignored: every place where the language accepts something has a witness, whose result changes when it is taken out, or a check that refuses it.

The places are those of the models (`grammar/places.py`). The witnesses are tables in `grammar/`: conditions, tried in every place where one may stand, and the
rest; `ignored.yaml` has words from which nothing would follow. A new field without a witness fails.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from services.policy.loader import Policy
from services.policy.model import Designated, PolicyFile
from tests.policy.grammar.edits import BEGINS, GONE, HOSPITALS, edited, later, loaded, marked, shared, table, text_of
from tests.policy.grammar.places import Place, places
from tests.policy.grammar.world import Row, observed, page

PLACES = {place.path: place for model in (PolicyFile, Designated) for place in places(model)}
"""Of policy files, and of the list of hospitals that may lie beside one."""

TOWN, CONDITIONS = table("town.yaml"), table("conditions.yaml")
WITNESSES = [table("witnesses.yaml"), table("witnesses_people.yaml")]
KEYS, FRAMES = CONDITIONS["keys"], CONDITIONS["frames"]
READERS = {place: one["readers_town"] for one in WITNESSES for place in one["readers"]}
ALL = {"insurance": ["resident", "employee", "none"]}
"""A condition that holds for every claim."""

NEVER = {"conditions": ["dialysis"]}
"""One that holds for none of ours."""

SETTLED = {"pays", "reasons", "years", "components", "counters"}
"""Channels of settlement: what they tell hangs on the edition."""


def rows() -> Iterator[Any]:
    """The rows of the table, each figure over time also as one that begins later, and one of yuan as a share of another."""
    for row in (row for one in WITNESSES for row in one["rows"]):
        put, instead = row.get("put", {}), row.get("instead")
        yield pytest.param(row, id=row["at"], marks=[pytest.mark.xfail(strict=True, reason=row["open"])] if "open" in row else [])
        if PLACES.get(row["at"], Place("")).is_dated and BEGINS in str(put) and instead:
            yield pytest.param({**row, "put": later(put, instead)}, id=f"{row['at']} later")
            if f"{row['at']}.percent_of" in PLACES:
                yield pytest.param({**row, "put": shared(put), "at": f"{row['at']}.percent_of"}, id=f"{row['at']}.percent_of")


@pytest.mark.parametrize("row", list(rows()))
def test_a_construct_does_what_it_says_and_only_while_it_stands(row: Row) -> None:
    """The file with it and without: from each follows what was worked out by hand, and readers see the difference."""
    assert row["sees"] != row["without"]
    taken_out = dict.fromkeys(row.get("put", {}), GONE) | row.get("instead", {})
    shown, editions = [], []
    with_list, without_list = row.get("lists", (None, None))
    for edit, hospitals, expected in ((row.get("put", {}), with_list, row["sees"]), (taken_out, without_list, row["without"])):
        policy = loaded(edited(TOWN, row.get("beside", {}), edit), row.get("switched"), hospitals and text_of(hospitals))
        check(policy, row, expected)
        shown.append(page(policy) if isinstance(policy, Policy) else "(refused)")
        editions.append(policy.edition if isinstance(policy, Policy) else "(refused)")
    assert shown[0] != shown[1] or "lists" in row  # of a list the page tells how long it is
    assert editions[0] != editions[1] or not SETTLED & row["sees"].keys() or "letters" in row["without"]


def check(policy: Policy | str, row: Row, expected: Mapping[str, Any]) -> None:
    """What `row` expects of the file."""
    if "refused" in expected or isinstance(policy, str):
        assert (policy if isinstance(policy, str) else "(accepted)") == expected.get("refused")
        return
    told = observed(policy, row, is_watched=not {"warnings", "share"}.isdisjoint(expected))
    for channel, value in expected.items():
        assert holds(value, told[channel], amounts=channel == "pays"), f"{channel}: {told[channel]}, expected {value}"


def holds(expected: Any, found: Any, amounts: bool = False) -> bool:
    """Whether `found` is as expected; of a mapping what is expected of it."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(holds(value, found.get(key)) for key, value in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(holds, expected, found, [amounts] * len(found)))
    return Decimal(expected) == Decimal(found) if amounts else str(expected) == str(found)


@pytest.mark.parametrize("nested", [False, True], ids=["", "any_of"])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("frame", FRAMES)
def test_a_condition_means_the_same_everywhere_or_is_refused(frame: str, key: str, nested: bool) -> None:
    """In each place, alone and within `any_of`: it holds for the one claim, not for the other, which it does without the key."""
    asked, word = KEYS[key], key.partition("=")[0]
    others = {**(ALL if word != "insurance" else {"referral": ["local", "referred", "resettled", "unreferred"]}), **asked.get("beside", {})}

    def sees(condition: Mapping[str, Any], claim: Row, **beside: Any) -> Any:
        return last(frame, {"any_of": [condition, NEVER]} if nested else condition, claim, beside)

    if word in FRAMES[frame].get("refuses", ()):
        path = {"reclass": "reclass.0", "pools": "pools.year"}[frame.partition(".")[0]]
        assert sees({**others, word: asked["put"]}, {}) == f"{path}.when.{'any_of.0.' if nested else ''}{word}"
        return
    without = {**others, word: asked["instead"]} if "instead" in asked else others
    assert sees({**others, word: asked["put"]}, asked["yes"]) == FRAMES[frame]["holds"]
    assert sees({**others, word: asked.get("no_put", asked["put"])}, asked["no"]) == FRAMES[frame]["fails"]
    assert sees(without, asked["no"]) == FRAMES[frame]["holds"]
    if not nested:
        assert (
            len(
                {
                    page(policy)
                    for asks in (without, {**others, word: asked["put"]})
                    if isinstance(policy := framed(frame, asks, {}), Policy)
                }
            )
            == 2
        )
    if "no_put" in asked:  # a figure
        assert sees({**others, word: later(asked["put"], asked["no_put"])}, asked["yes"]) == FRAMES[frame]["holds"]
        share = shared({word: asked["put"]})
        assert sees({**others, word: share[word]}, asked["yes"], figures=share["figures"]) == FRAMES[frame]["holds"]


def last(frame: str, condition: Any, claim: Row, beside: Mapping[str, Any]) -> Any:
    """What the last claim sees of a condition: amount and reason as far as the frame tells; or where it is refused."""
    policy = framed(frame, condition, beside)
    if isinstance(policy, str):
        return policy
    facts = {name: value for name, value in claim.items() if name not in ("before", "status")}
    claims = [*([claim["before"]] if "before" in claim else []), facts]
    told = observed(policy, {"claims": claims, "status": [{"granted": claim.get("status", "low"), "on": BEGINS}]}, is_watched=False)
    assert told["letters"] == []
    found = {"pays": told["pays"][-1].removesuffix(".00"), "reason": told["reasons"][-1]}
    return {name: found[name] for name in FRAMES[frame]["holds"]}


def framed(frame: str, condition: Any, beside: Mapping[str, Any]) -> Policy | str:
    """The town with the condition in its frame."""
    return loaded(edited(TOWN, beside, _filled(FRAMES[frame]["file"], condition)), hospitals=HOSPITALS)


def _filled(value: Any, condition: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, condition) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, condition) for item in value]
    return condition if value == "(condition)" else value


@pytest.mark.parametrize("place", list(READERS))
def test_what_is_for_readers_stands_on_the_page(place: str) -> None:
    """`medaid policy show` tells it, whatever it says."""
    town = edited(TOWN, READERS[place])
    changed, mark = marked(town, place.split("."))
    before, after = loaded(town), loaded(changed)
    assert isinstance(before, Policy)
    assert isinstance(after, Policy)
    assert mark not in page(before)
    assert mark in page(after)
    assert before.edition == after.edition
    assert before.wording != after.wording


def ignored() -> Iterator[Any]:
    """The words of the table; those that are not refused yet are expected to fail."""
    for word in table("ignored.yaml")["words"]:
        yield pytest.param(word, id=word["what"], marks=[pytest.mark.xfail(strict=True, reason=word["open"])] if "open" in word else [])


@pytest.mark.parametrize("word", list(ignored()))
def test_a_word_from_which_nothing_would_follow_is_refused(word: Row) -> None:
    """With file, line and key."""
    assert loaded(edited(TOWN, word["put"])) == word["at"]


def test_every_place_of_the_language_has_a_witness() -> None:
    """None is without, and no witness is of a place that is none."""
    shown = {".".join(path.split(".")[:end]) for path in tried() for end in range(1, path.count(".") + 2)}  # with a part its whole is shown
    assert [path for path in PLACES if path not in shown and path not in READERS] == []
    assert [path for path in (*tried(), *READERS) if not any(f"{place}.".startswith(f"{path}.") for place in PLACES)] == []


def tried() -> Iterator[str]:
    """The places of all witnesses."""
    for place in (row.values[0]["at"] for row in rows()):
        yield from (place, place.removesuffix("_of")) if place.endswith(".percent_of") else (place,)
    for frame, inner, (key, asked) in product(FRAMES, ("", "any_of."), KEYS.items()):
        yield f"{frame}.{inner}{key}"
        if "no_put" in asked:
            yield from (f"{frame}.{inner}{key}.{part}" for part in ("percent_of", "percent"))
