"""SCALING.md says what docs/benchmarks.md gives: its table is computed, and every figure of its text is measured there."""

import re

import pytest

from deploy.scaling import BENCHMARKS, PAGE, SITES, Measured, Site, page, rows

MEASURED = Measured(settled=1_000, watched=500, heal_us=50, person=100, year=1_000, claim=300)
TOWN = Site("a town", 1_000, 12 * 21_600 * 2_000)
"""Two thousand claims a second in a night."""


def test_the_page_is_what_the_figures_give() -> None:
    assert PAGE.read_text("utf-8") == page(), "make generate computes it anew"


def test_figures_are_read_from_the_page_of_benchmarks_or_missed() -> None:
    text = BENCHMARKS.read_text("utf-8")
    measured = Measured.read(text)
    assert f"| medaid | 125 | {measured.settled:,} |" in text
    for row in ("| CPU µs a result to heal the lane", "| monitoring: results", "| Redis, bytes a person-year"):
        with pytest.raises(ValueError, match=row.removeprefix("| ")):
            Measured.read(text.replace(row, "| another row"))


def test_a_town_reckoned_by_hand() -> None:
    told = {name: tell(TOWN) for name, tell in rows(MEASURED)}
    assert told["claims a year"] == "518,400,000"
    assert told["claims a second, a month's in one night"] == "2,000"
    assert told["settlement processes for that night"] == "4", "each at half of 1,000 a second"
    assert told["monitoring processes for that night"] == "8"
    assert told["to heal 5 years, one core"] == "36 h", "2,592,000,000 results, 50 microseconds each"
    assert told["lanes"] == "144", "129,600 s in quarters of an hour"
    assert told["to heal, each lane on a core"] == "15 min"


@pytest.mark.parametrize("figure", ["7,398", "6,638", "12,124", "85.9", "197.9", "1.05", "1.16", "228", "1,058", "369", "64"])
def test_a_figure_of_the_text_is_measured(figure: str) -> None:
    alone = re.compile(rf"(?<![\d,.]){re.escape(figure)}(?![\d,])")
    assert alone.search(BENCHMARKS.read_text("utf-8"))
    assert alone.search(PAGE.read_text("utf-8"))


def test_sizes_grow() -> None:
    assert sorted(SITES, key=lambda site: site.claims) == list(SITES)
