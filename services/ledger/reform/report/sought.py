"""The value that was sought: in words, as a curve over all values that were tried, and in a table."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.ledger.reform.report.html import section, table, text
from services.ledger.reform.report.numbers import fen_of, grouped
from services.ledger.reform.report.plots import curve
from services.policy.words import Speech

Data = Mapping[str, Any]


def solved(found: Data, speech: Speech) -> Iterator[str]:
    """The section, where a value was sought."""
    solved = found.get("solved")
    if not solved:
        return
    points = [(float(value), fen_of(cost)) for value, cost in solved["tried"]]
    heading = speech.pick("预算内的取值", "The value within the budget")
    plot = curve(speech.pick("各取值的基金支付与预算", "What each value costs, and the budget"), points, fen_of(solved["budget"]))
    rows = [(value, grouped(cost)) for value, cost in solved["tried"]]
    columns = (speech.pick("取值", "value"), speech.pick("基金支付（元）", "the fund pays, yuan"))
    yield section("solved", heading, f"<p>{text(solved_words(solved, speech))}</p>", plot, table("solved", columns, rows))


def solved_words(solved: Data, speech: Speech) -> str:
    """What was found, in a sentence or two."""
    budget = grouped(solved["budget"])
    if solved["value"] is None:
        return speech.pick(
            f"{solved['path']}：没有取值能把支出控制在 {budget} 元以内。",
            f"{solved['path']}: no value keeps the cost within {budget} yuan.",
        )
    what = speech.pick("最小", "smallest") if solved["direction"] == "falling" else speech.pick("最大", "largest")
    told = speech.pick(
        f"{solved['path']} 在预算 {budget} 元内的{what}取值：{solved['value']}，支付 {grouped(solved['cost'])} 元",
        f"{solved['path']}: the {what} value within {budget} yuan is {solved['value']}, which costs {grouped(solved['cost'])} yuan",
    )
    if solved["next_value"] is not None:
        told += speech.pick(
            f"；{solved['next_value']} 则为 {grouped(solved['next_cost'])} 元",
            f"; {solved['next_value']} would cost {grouped(solved['next_cost'])}",
        )
    warned = speech.pick(
        "。支出并不随取值单向变化，更远处或有其他合适取值", ". The cost does not go one way: there may be other values beyond it"
    )
    return told + (warned if solved["direction"] == "both" else "") + speech.pick("。", ".")
