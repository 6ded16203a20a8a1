"""What a run of the laboratory came to, on a terminal: a line for each policy, in either language; amounts in yuan."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.foreign import visible
from services.ledger.reform.report.numbers import signed
from services.ledger.reform.report.sought import solved_words
from services.policy.words import Lang, Speech


def report(summary: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    """The lines."""
    speech = Speech(lang)
    for one in summary["reforms"]:
        total, persons, crossed = one["total"], one["persons"], one["crossed"]
        share = f" ({total['percent']}%)" if total["percent"] else ""
        yield visible(
            speech.pick(
                f"reform {one['name']}：现在 {total['now']} 元，之后 {total['then']} 元，差额 {signed(total['difference'])}{share}；"
                f"{persons['gainers']} 人受益，{persons['losers']} 人受损；预警升级 {crossed['up']} 人，降级 {crossed['down']} 人",
                f"reform {one['name']}: {total['now']} yuan now, {total['then']} then, {signed(total['difference'])}{share}; "
                f"{persons['gainers']} gain, {persons['losers']} lose; {crossed['up']} are warned of more, {crossed['down']} of less",
            )
        )
        if "solved" in one:
            yield visible(f"solve {solved_words(one['solved'], speech)}")
