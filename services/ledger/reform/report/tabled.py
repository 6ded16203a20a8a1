"""The tables of a report with their plots: by what the cost moves, by tenths of burden, warnings, counters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from services.ledger.reform.report.html import section, table, text
from services.ledger.reform.report.numbers import count, fen_of, grouped, signed
from services.ledger.reform.report.plots import diverging, paired
from services.ledger.reform.tables import TABLES
from services.ledger.reform.words import level_name
from services.policy.words import Speech

ROWS_MAX: Final = 60
"""So many rows of a table are shown; the file has all."""

BARS_MAX: Final = 24

Data = Mapping[str, Any]

_HEADINGS: Final[Mapping[str, tuple[str, str]]] = {
    "month": ("按月份", "By month"),
    "visit_type": ("按就医类型", "By kind of visit"),
    "category": ("按救助对象类别", "By category"),
    "component": ("按救助项目", "By component"),
    "district": ("按区县", "By district"),
    "hospital": ("按医疗机构", "By hospital"),
    "reason": ("按结算结果", "By outcome"),
}


def tables(found: Data, speech: Speech) -> Iterator[str]:
    """By month, kind of visit, category, component, district, hospital and outcome."""
    columns = [
        speech.pick("结算单", "claims"), speech.pick("现在（元）", "now, yuan"), speech.pick("之后（元）", "then, yuan"),
        speech.pick("差额（元）", "difference, yuan"), "%",
    ]  # fmt: skip
    for name in TABLES:
        rows = found[name]
        if name == "reason":
            columns = [columns[0], speech.pick("之后的结算单", "claims then"), *columns[1:]]
        heading = speech.pick(*_HEADINGS[name])
        bars = [(called(found, name, row[name], speech), fen_of(row["now"]), fen_of(row["then"])) for row in rows[:BARS_MAX]]
        lines = [(called(found, name, row[name], speech), *_counts(name, row), *_amounts(row)) for row in rows[:ROWS_MAX]]
        more = "" if len(rows) <= ROWS_MAX else f"<p>{text(_more(len(rows) - ROWS_MAX, speech))}</p>"
        plot = "" if name == "reason" else paired(heading, (speech.pick("现在", "now"), speech.pick("之后", "then")), bars)
        yield section(f"by-{name}", heading, plot, table(f"by-{name}", [heading, *columns], lines), more)


def _counts(name: str, row: Data) -> Sequence[str]:
    return [count(row["claims"]), count(row["claims_then"])] if name == "reason" else [count(row["claims"])]


def _amounts(row: Data) -> Sequence[str]:
    return [grouped(row["now"]), grouped(row["then"]), signed(row["difference"]), row["percent"] or "–"]


def _more(rows: int, speech: Speech) -> str:
    return speech.pick(f"另有 {rows} 行，见 summary.json。", f"{rows} more rows are in summary.json.")


def called(found: Data, name: str, code: str | None, speech: Speech) -> str:
    """What a row is called."""
    if code is None:
        return speech.pick("未标明", "none")
    known = found["names"].get(name, {}).get(code)
    return str(known[speech.lang]) if known else code


def deciles(found: Data, speech: Speech) -> Iterator[str]:
    """Who gains and who loses, by tenths of the burden that persons have now."""
    heading = speech.pick("按负担十等分：谁受益，谁受损", "Who gains and who loses, by tenths of burden")
    columns = [
        speech.pick("负担（低到高）", "burden, lowest first"), speech.pick("人年", "person-years"), speech.pick("负担从（元）", "from, yuan"),
        speech.pick("到（元）", "to, yuan"), speech.pick("受益", "gain"), speech.pick("受益（元）", "gained, yuan"), speech.pick("受损", "lose"),
        speech.pick("受损（元）", "lost, yuan"), speech.pick("合计（元）", "together, yuan"),
    ]  # fmt: skip
    rows = [
        (str(row["decile"]), count(row["person_years"]), grouped(row["burden_from"]), grouped(row["burden_to"]), count(row["gainers"]),
         signed(row["gained"]), count(row["losers"]), signed(row["lost"]), signed(row["difference"]))
        for row in found["decile"]
    ]  # fmt: skip
    bars = [(str(row["decile"]), -fen_of(row["lost"]), fen_of(row["gained"])) for row in found["decile"]]
    yield section(
        "deciles",
        heading,
        diverging(heading, (speech.pick("受损", "lost"), speech.pick("受益", "gained")), bars),
        table("deciles", columns, rows),
    )


def warnings(found: Data, speech: Speech) -> Iterator[str]:
    """How many person-years reach which level of warning, now and then."""
    heading = speech.pick("负担预警", "Early warning of burdens")
    columns = [speech.pick("现在", "now"), speech.pick("之后", "then"), speech.pick("人年", "person-years")]
    rows = [(level_name(row["now"], speech), level_name(row["then"], speech), count(row["person_years"])) for row in found["warning"]]
    yield section("warned", heading, table("warned", columns, rows, words=2))


def counters(found: Data, speech: Speech) -> Iterator[str]:
    """Limits and deductibles: by how many used, full, binding."""
    heading = speech.pick("限额与起付线", "Limits and deductibles")
    names = {
        "used": ("用到（人年）", "used by"), "met": ("用满", "full for"), "bound": ("限制了支付", "bound a payment of"),
    }  # fmt: skip
    columns = [
        heading,
        *(
            speech.pick(f"{zh}{then_zh}", f"{en}{then_en}")
            for zh, en in names.values()
            for then_zh, then_en in (("", ""), ("，之后", ", then"))
        ),
    ]
    rows = [
        (called(found, "counter", row["counter"], speech), *(count(row[f"{what}{then}"]) for what in names for then in ("", "_then")),
         grouped(row["sum"]), grouped(row["sum_then"]))
        for row in found["counter"]
    ]  # fmt: skip
    columns += [speech.pick("合计（元）", "together, yuan"), speech.pick("合计（元），之后", "together, yuan, then")]
    yield section("counters", heading, table("counters", columns, rows))
