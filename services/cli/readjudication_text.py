"""How a year settled anew reads on a terminal: lines that begin with kind and key in either language, for grep; amounts in yuan, with their sign."""

from collections.abc import Iterator

from schemas.foreign import visible
from schemas.money import yuan_text
from services.ledger.readjudication.totals import Totals


def report(title: str, editions: str, totals: Totals, lang: str) -> Iterator[str]:
    """All that was found of `title`, region and year, settled anew under `editions`."""
    is_zh = lang == "zh"
    yield f"policy {title}：按版本 {editions} 重新结算" if is_zh else f"policy {title}: settled anew under edition {editions}"
    for group in sorted(totals.claims, key=lambda group: (group[0], group[1] or "")):
        name, claims, yuan = visible(f"{group[0]} {group[1] or '-'}"), totals.claims[group], signed(totals.fen[group])
        yield f"change {name}：{claims} 笔，{yuan} 元" if is_zh else f"change {name}: {claims} claims, {yuan} yuan"
    for change in totals.largest:
        yuan, before, after = signed(change.delta_fen), yuan_text(change.after_fen - change.delta_fen), yuan_text(change.after_fen)
        name = visible(change.claim)
        yield f"largest {name}：{yuan} 元，由 {before} 变为 {after}" if is_zh else f"largest {name}: {yuan} yuan, from {before} to {after}"
    yield from _sums(totals, is_zh)


def _sums(totals: Totals, is_zh: bool) -> Iterator[str]:
    claims, yuan = totals.claims.total(), signed(totals.total_fen)
    more, back = signed(totals.more_fen), signed(totals.back_fen)
    as_they_are = totals.years - totals.changed - totals.moved - totals.unsettled
    if is_zh:
        yield f"total：{claims} 笔，{totals.changed} 人，{yuan} 元（补付 {more}，收回 {back}；{totals.paying_back} 人须退回）"
        yield (
            f"years：{totals.changed + totals.moved} 个人年度需要请求（{totals.changed} 个有变化，{totals.moved} 个仅换版本），其中 {totals.asked} 个的请求已在"
            f"等待结算；{as_they_are} 个不变，{totals.unsettled} 个无法结算"
        )
        return
    yield (
        f"total: {claims} claims of {totals.changed} persons, {yuan} yuan ({more} paid more, {back} taken back; {totals.paying_back} persons would "
        "pay back)"
    )
    yield (
        f"years: {totals.changed + totals.moved} need a request ({totals.changed} change, {totals.moved} move to another edition alone), of {totals.asked} it "
        f"waits already; {as_they_are} stay as they are, {totals.unsettled} cannot be settled"
    )


def question(totals: Totals, lang: str) -> str:
    """What an operator is asked before requests are sent."""
    yuan = signed(totals.to_ask_fen)
    if lang == "zh":
        return f"{totals.to_ask} 人，合计 {yuan} 元，{totals.to_ask_back} 人须退回；继续？[y/N] "
    return f"{totals.to_ask} persons, total {yuan} yuan, {totals.to_ask_back} would pay back; go on? [y/N] "


def signed(fen: int) -> str:
    """An amount with its sign: +12.00, -12.00, 0.00."""
    return f"+{yuan_text(fen)}" if fen > 0 else yuan_text(fen)
