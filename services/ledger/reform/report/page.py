"""A report as a page that needs nothing else: styles and plots are in it, it can be mailed and printed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.ledger.reform.report.html import section, table, text
from services.ledger.reform.report.numbers import count, grouped, signed
from services.ledger.reform.report.sections import sections
from services.policy.words import Speech

_STYLE = Path(__file__).with_name("report.css")


def page(summary: Mapping[str, Any], found: Mapping[str, Any], speech: Speech, other: str, up: str | None = None) -> str:
    """The report on one policy; `other` is the page in the other language, `up` the table of several beside each other."""
    back = [(up, speech.pick("全部方案", "All that was tried"))] if up else []
    return _document(
        title_of(summary, found["name"], speech), sections(found, speech), speech, [*back, (other, speech.pick("English", "中文"))]
    )


def side_by_side(summary: Mapping[str, Any], links: Sequence[str], speech: Speech, other: str) -> str:
    """Several policies beside each other; `links` lead to the report of each."""
    words = [
        ("方案", "policy"), ("现在（元）", "now, yuan"), ("之后（元）", "then, yuan"), ("差额（元）", "difference, yuan"), ("%", "%"),
        ("受益", "gain"), ("受损", "lose"), ("预警升级", "warned of more"), ("预警降级", "warned of less"),
    ]  # fmt: skip
    rows = [
        (
            one["name"], grouped(one["total"]["now"]), grouped(one["total"]["then"]), signed(one["total"]["difference"]), one["total"]["percent"] or "–",
            count(one["persons"]["gainers"]), count(one["persons"]["losers"]), count(one["crossed"]["up"]), count(one["crossed"]["down"]),
        )
        for one in summary["reforms"]
    ]  # fmt: skip
    reports = "".join(
        f'<li><a href="{text(link)}">{text(one["name"])}</a></li>' for link, one in zip(links, summary["reforms"], strict=True)
    )
    body = section(
        "compared",
        speech.pick("各方案对照", "Side by side"),
        table("compared", [speech.pick(*pair) for pair in words], rows),
        f'<ul class="plain">{reports}</ul>',
    )
    return _document(title_of(summary, "", speech), body, speech, [(other, speech.pick("English", "中文"))])


def title_of(summary: Mapping[str, Any], name: str, speech: Speech) -> str:
    """What a report is called."""
    years = summary["year"] or speech.pick("全部年度", "all years")
    place = f"{summary['title'][speech.lang]} {years}"
    return speech.pick(f"{place}：如果政策不同", f"{place}: what if") + (f" · {name}" if name else "")


def _document(title: str, body: str, speech: Speech, links: Sequence[tuple[str, str]]) -> str:
    way = " · ".join(f'<a href="{text(address)}">{text(name)}</a>' for address, name in links)
    lang = "zh-CN" if speech.lang == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)} · medaid</title>\n<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n<main>\n"
        f'<nav aria-label="{text(speech.pick("页面", "Pages"))}">{way}</nav>\n<h1>{text(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n'
    )
