"""What the codes in a report are called, in both languages: by the contract, or by the policies of the region."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from services.ledger.reform.cases import Case
from services.policy.words import Speech

Names = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Table, code, language."""

_CODES: Final[Mapping[str, tuple[str, str]]] = {
    "direct": ("直接救助", "direct assistance"),
    "above_cap": ("超封顶线救助", "above the cap"),
    "reassistance": ("再救助", "re-assistance"),
    "tilt": ("倾斜救助", "tilt"),
    "assisted": ("已救助", "assisted"),
    "reversed": ("已冲销", "reversed"),
    "none": ("未预警", "none"),
    "notice": ("提示", "notice"),
    "warning": ("预警", "warning"),
    "critical": ("严重", "critical"),
}


def names_of(cases: Iterable[Case], tables: Mapping[str, Any]) -> Names:
    """Names for the codes in the tables; a code without one is called as it is."""
    labels: dict[tuple[str, str], tuple[str, str]] = {}
    for case in cases:
        for policy in case.policies.current[case.region]:
            labels |= {("category", code): (one.label.zh, one.label.en) for code, one in policy.file.categories.items()}
            labels |= {("counter", code): (one.label.zh, one.label.en) for code, one in policy.file.pools.items()}
    return {table: dict(_named(table, tables[table], labels)) for table in ("visit_type", "category", "component", "reason", "counter")}


def _named(
    table: str, rows: Iterable[Mapping[str, Any]], labels: Mapping[tuple[str, str], tuple[str, str]]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    for row in rows:
        code = row[table]
        if code is None:
            continue
        spoken = f"reason.{code}" if table == "reason" else code
        zh, en = labels.get((table, code)) or _CODES.get(code) or (Speech("zh").say(spoken), Speech("en").say(spoken))
        yield code, {"zh": zh, "en": en}


def level_name(level: str, speech: Speech) -> str:
    """A level of warning."""
    return speech.pick(*_CODES[level])


ASSUMED: Final[tuple[tuple[str, str], ...]] = (
    (
        "行为不变：就医、收费、申请都与账本记录一致，不因待遇变化而增减。",
        "Nobody behaves differently: visits, bills and applications are those of the ledger, whatever is paid for them.",
    ),
    (
        "“现在”是账本最新结果；“之后”是以现有身份、按受理顺序从当年第一笔起重新结算的结果。",
        "Now is what the newest results of the ledger say; then is each year settled anew from its first claim, as accepted, with today's statuses.",
    ),
    (
        "未被受理的结算单（死信）不在其中；新政策下会被受理或拒收的单据也不在其中。",
        "Bills that were refused are not in it, nor does a bill count as refused that the other policy would have refused.",
    ),
    (
        "预警按每人全年负担和现行阈值计算；起付线、限额按每人当年最后适用的类别计算。",
        "Warnings follow from each person's burden of the year by today's thresholds; limits and deductibles from the category that he was settled by last.",
    ),
)
"""What a reader must know before he believes a figure; Chinese, English."""
