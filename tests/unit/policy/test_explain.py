"""`explain` says what the ledger says, to the fen, of every claim of a generated year; and says why."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import orjson
import pytest

from schemas.money import fen_from_yuan, yuan_text
from services.embedded.replay import Replay
from services.ledger.dossiers.known import Known, explained, from_embedded
from services.policy.explain import Explanation, explain
from services.policy.explain_text import explanation_text
from services.policy.library import Policies, load_policies
from services.synthetic import generate
from tests.unit.events import claim, granted

PERSONS = 40
REGIONS = load_policies().regions()


@dataclass(frozen=True)
class Settled:
    """What came of some lines: each claim's newest result, and what the services know of it."""

    policies: Policies
    results: Mapping[str, Mapping[str, Any]]
    known: Mapping[str, Known]

    def explain(self, key: str) -> Explanation:
        found, agrees = explained(self.policies, self.known[key], key)
        assert agrees
        return found


def settle(lines: list[bytes], switched: Mapping[str, Mapping[str, str | bool | None]] | None = None) -> Settled:
    """Lines, settled under some readings."""
    return asyncio.run(_settle(load_policies(switched=switched), lines))


async def _settle(policies: Policies, lines: list[bytes]) -> Settled:
    work = Replay(policies)
    await work.start()
    results: dict[str, Mapping[str, Any]] = {}
    for number, line in enumerate(lines):
        for output in await work.feed(number, line):
            event = orjson.loads(output)
            if event["type"].startswith("settlement."):
                results[event["data"]["settlement_id"].rpartition("/")[0]] = event["data"]
    known = {key: await from_embedded(work.embedded, key) for key in results}
    return Settled(policies, results, {key: one for key, one in known.items() if one is not None})


@cache
def city(region: str) -> Settled:
    """A small generated year."""
    return settle(list(generate(load_policies().nearest(region, date(2025, 1, 1)), PERSONS, 3, 2025)))


@pytest.mark.parametrize("region", REGIONS)
def test_amounts_are_those_of_the_result(region: str) -> None:
    """Of every claim; what each payment drew adds up to the counters, and the counters before are those that the claim met."""
    settled = city(region)
    assert len(settled.results) == len(settled.known) > PERSONS
    for key, result in settled.results.items():
        found = settled.explain(key)
        chosen = found.settlement.chosen
        assert yuan_text(found.settlement.assistance_fen) == result["assistance_amount"]
        assert yuan_text(found.settlement.self_pay_fen) == result["self_pay"]
        assert found.sequence == result["sequence"]
        payments = chosen.payments if chosen else ()
        assert [yuan_text(payment.amount_fen) for payment in payments] == [component["amount"] for component in result["components"]]
        for name, after_fen in found.settlement.counters.items():
            assert after_fen - found.before.get(name, 0) == (chosen.used_fen.get(name, 0) if chosen else 0)
        drawn = [draw for payment in payments for draw in payment.draws]
        for draw in drawn:
            assert draw.limit_fen is None or draw.used_fen <= max(0, draw.limit_fen - draw.before_fen)
            assert draw.before_fen >= found.before.get(draw.counter, 0)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("region", REGIONS)
def test_the_text_names_amounts_clauses_categories_and_counters(region: str, lang: Any) -> None:
    settled = city(region)
    for key, result in settled.results.items():
        text = explanation_text(settled.explain(key), lang)
        assert result["outcome"] == "reversed" or result["self_pay"] in text
        for component in result["components"]:
            for word in (component["kind"], component["clause"], component["base"], component["amount"], component["limited_by"] or ""):
                assert word in text
        for candidate in result["candidates"]:
            assert candidate["category"] in text
            assert f"{candidate['assistance_amount']}" in text
        if result["policy"] is not None:
            assert all(f"({name})" in text for name in result["counters"])
        if result["outcome"] == "not_assisted":
            assert result["reason"] in text


def test_both_languages_have_the_same_lines() -> None:
    """None is forgotten in one of them."""
    settled = city(REGIONS[0])
    for key in settled.results:
        found = settled.explain(key)
        zh, en = (explanation_text(found, lang).splitlines() for lang in ("zh", "en"))  # type: ignore[arg-type]
        assert [line == "" for line in zh] == [line == "" for line in en]


@pytest.mark.parametrize("region", REGIONS)
def test_a_reading_matters_when_the_whole_year_settled_by_the_other_says_so(region: str) -> None:
    """Told for each claim by `explain`; found by settling every event again under each other reading."""
    stay = claim("1", "2025-03-09", "333.33", region=region, admission_date="2025-03-02", discharge_date="2025-03-09")
    lines = [
        granted("extreme_poverty", "2025-03-05", region=region),
        stay,
        *generate(load_policies().nearest(region, date(2025, 1, 1)), 12, 3, 2025),
    ]
    settled = settle(lines)
    keys = [key for key, result in settled.results.items() if result["policy"] and result["outcome"] != "reversed"][::4]
    told = {key: {found.name: found for found in settled.explain(key).readings} for key in keys}
    assert {"stay_coverage", "grant_takes_effect"} <= told["H1/1"].keys()
    file = settled.policies.current[region][0].file
    for name, choice in file.readings.items():
        if name == "stay_year":
            continue  # claims of another year are not in the dossier
        other = settle(lines, {region: {name: choice.other}})
        for key in keys:
            instead, matters = other.results[key], told[key].get(name)
            if matters is not None:
                assert yuan_text(matters.assistance_fen) == instead["assistance_amount"]
            else:
                same = ("reason", "category", "self_pay", "deductible", "assistance_amount", "consultation_fee_waived")
                assert [instead[field] for field in same] == [settled.results[key][field] for field in same], (name, key)


def test_a_margin_claim_by_hand() -> None:
    """（五）3 and 末段: 3500 - 500 deductible left, 70% less 20 points; a half fen rounded up."""
    settled = settle([granted(), claim("1", "2025-03-02", "1500.00"), claim("2", "2025-05-20", "3500.01", referral="unreferred")])
    text = explanation_text(settled.explain("H1/2"), "en")
    for line in [
        "Self-pay S: 3500.01 = within the scope 3500.01 - basic insurance 0.00 - critical-illness insurance 0.00 - others 0.00",
        "  low_income_margin members of low-income margin families: 2025-01-10 - open; covers this visit",
        "  direct assistance (direct, （五）3): 3000.01 x 50% -> 1500.01",
        "    base: self-pay 3500.01 - deductible 500.00",
        "    rate: 20 percentage points less (（五）末段)",
        "    deductible of the year (deductible): 1500.00 -> 2000.00 of 2000.00",
        "    limit of the year (year): 0.00 -> 1500.01 of 200000.00",
        "    with down: 1500.00 of assistance",
    ]:
        assert line in text.splitlines()


def test_a_rejected_category_is_told_with_its_total_and_why() -> None:
    settled = settle([granted(), granted("extreme_poverty", "2025-01-10", "g2"), claim("1", "2025-03-02", "1500.00")])
    lines = explanation_text(settled.explain("H1/1"), "en").splitlines()
    assert "  extreme_poverty people in extreme poverty [A]: 1500.00, taken" in lines
    margin = "  low_income_margin members of low-income margin families [C]: 0.00"
    assert f"{margin} (below_deductible: the deductible is not exceeded), not taken: gives less" in lines


def test_a_claim_below_the_deductible_says_how_much_counted() -> None:
    settled = settle([granted(), claim("1", "2025-03-02", "1500.00")])
    lines = explanation_text(settled.explain("H1/1"), "zh").splitlines()
    assert "结果：不予救助（below_deductible: 未超过起付标准）；个人负担 1500.00 元" in lines
    assert "  本次计入起付标准: 1500.00" in lines


def test_a_stay_that_would_count_in_another_year_says_so() -> None:
    settled = settle([granted(), claim("1", "2025-01-20", "5000.00", admission_date="2024-12-20", discharge_date="2025-01-20")])
    assert "    with admission: it would count in 2024" in explanation_text(settled.explain("H1/1"), "en").splitlines()


def test_an_unknown_claim_is_a_lookup_error() -> None:
    settled = settle([granted(), claim("1", "2025-03-02", "1500.00")])
    found = settled.explain("H1/1")
    with pytest.raises(LookupError):
        explain(settled.policies, found.dossier, "H1/2")


def test_the_limits_that_bind_are_told() -> None:
    """The pool before and after, and which was the tightest: the year's limit, then re-assistance's."""
    settled = settle([granted("extreme_poverty"), claim("1", "2025-03-02", "300000.00")])
    found = settled.explain("H1/1")
    assert [component["limited_by"] for component in settled.results["H1/1"]["components"]] == ["year", "reassistance"]
    assert fen_from_yuan("250000.00") == found.settlement.assistance_fen
    lines = explanation_text(found, "en").splitlines()
    assert "  re-assistance (reassistance, （六）): 100000.00 x 70% -> 50000.00, limited by limit of re-assistance (reassistance)" in lines
    assert "    limit of re-assistance (reassistance): 0.00 -> 50000.00 of 50000.00" in lines
    assert found.settlement.chosen is not None
    drawn = [[draw.counter for draw in payment.draws] for payment in found.settlement.chosen.payments]
    assert drawn == [["year"], ["reassistance"]], "of each payment its own"
