"""The sections of a report on one policy that was tried: what it costs, whom it helps, by what.

In: a case's part of the summary, a language. Out: markup that stands alone, without styles. Sums only, but for the section of the largest changes, which is
there where the summary has them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.ledger.reform.changes import Change
from services.ledger.reform.report.html import figures, items, section, text
from services.ledger.reform.report.numbers import count, grouped, signed
from services.ledger.reform.report.sought import solved
from services.ledger.reform.report.tabled import counters, deciles, tables, warnings
from services.ledger.reform.words import ASSUMED
from services.policy.words import Speech

Data = Mapping[str, Any]


def sections(found: Data, speech: Speech) -> str:
    """All of them."""
    parts = [_total, _patch, solved, tables, deciles, warnings, counters, _largest]
    return "".join(piece for part in parts for piece in part(found, speech)) + assumptions(found, speech)


def assumptions(found: Data, speech: Speech) -> str:
    """What a reader must know before he believes a figure."""
    lines = [speech.pick(*words) for words in ASSUMED]
    if found["elsewhere"]:
        years = count(found["elsewhere"])
        lines.append(
            speech.pick(
                f"{years} 个人年度的账本结果仍按另一政策版本结算；其差额中含版本差异。",
                f"{years} person-years stand under another edition than runs today; what that makes of the difference is in the figures, too.",
            )
        )
    return section("assumed", speech.pick("前提", "What is assumed"), items(lines))


def _total(found: Data, speech: Speech) -> Iterator[str]:
    total, persons, crossed = found["total"], found["persons"], found["crossed"]
    share = f"（{total['percent']}%）" if speech.lang == "zh" else f" ({total['percent']}%)"
    yield section(
        "total",
        speech.pick("基金支付", "What the fund pays"),
        figures([
            (speech.pick("现在（元）", "now, yuan"), grouped(total["now"])),
            (speech.pick("之后（元）", "then, yuan"), grouped(total["then"])),
            (speech.pick("差额（元）", "difference, yuan"), signed(total["difference"]) + (share if total["percent"] else "")),
            (speech.pick("人年", "person-years"), count(total["person_years"])),
            (speech.pick("结算单", "claims"), count(total["claims"])),
        ]),
        figures([
            (speech.pick("受益", "gain"), f"{count(persons['gainers'])} · {signed(persons['gained'])}"),
            (speech.pick("受损", "lose"), f"{count(persons['losers'])} · {signed(persons['lost'])}"),
            (speech.pick("不变", "as before"), count(persons["same"])),
            (speech.pick("预警升级", "warned of more"), count(crossed["up"])),
            (speech.pick("预警降级", "warned of less"), count(crossed["down"])),
        ]),
    )  # fmt: skip


def _patch(found: Data, speech: Speech) -> Iterator[str]:
    lines = [Change(one["path"], one["label"], one["before"], one["after"]).words(speech) for one in found["changes"]]
    nothing = speech.pick("与今天的政策没有不同。", "It says nothing otherwise than the policy of today.")
    yield section("patch", speech.pick("改了什么", "What is changed"), items(lines or [nothing]))


def _largest(found: Data, speech: Speech) -> Iterator[str]:
    if not found.get("largest"):
        return
    parts = []
    for one in found["largest"]:
        head = text(f"{one['claim']}: {signed(one['difference'])}")
        columns = "".join(
            f"<div><h3>{text(name)}</h3>{''.join(_line(*line) for line in lines)}</div>"
            for name, lines in zip((speech.pick("现在", "now"), speech.pick("之后", "then")), one[speech.lang], strict=True)
        )
        parts.append(f'<details><summary>{head}</summary><div class="grid">{columns}</div></details>')
    yield section("largest", speech.pick("变化最大的结算单（化名）", "The largest changes, under pseudonyms"), *parts)


def _line(depth: int, words: str) -> str:
    return f'<p class="words{" deeper" if depth > 1 else ""}">{f"<strong>{text(words)}</strong>" if depth == 0 else text(words)}</p>'
