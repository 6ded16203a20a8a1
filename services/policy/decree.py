"""A city's policy on a page, in the decree's order: what `medaid policy show` and the console show. Amounts in yuan a year, rates of the base.

In: a policy under its readings. Out: headings, tables and passages. Not here: its people (`decree_people.py`) and rules (`decree_rules.py`), the words for
conditions and figures (`decree_words.py`), how it looks.
"""

from collections.abc import Callable, Iterator, Mapping

from services.policy.benefits import Benefit
from services.policy.declared import labels_of
from services.policy.decree_people import categories
from services.policy.decree_rates import rates
from services.policy.decree_rules import RULES
from services.policy.decree_words import Heading, Part, Sheet, base, by_class, clauses, dated, listed, modifier, when
from services.policy.loader import Policy
from services.policy.tree import reading_text
from services.policy.words import Speech

Section = Callable[[Policy, Speech], Iterator[Part]]


def pages(policy: Policy, speech: Speech) -> Iterator[Part]:
    """The policy from its title to the readings left open, sections in the order of its file, which is the decree's."""
    speech = speech.of(labels_of(policy.file))
    yield _head(policy, speech)
    for key in policy.raw:
        if key in SECTIONS:
            yield from SECTIONS[key](policy, speech)
    yield _readings(policy, speech)


def _head(policy: Policy, speech: Speech) -> Heading:
    file, document = policy.file, policy.file.document
    until = file.valid_to or speech.pick("未定", "open")
    issued = "" if document.issued is None else speech.pick(f"印发 {document.issued}，", f"issued on {document.issued}, ")
    lines = [
        issued + speech.pick(f"适用 {file.valid_from} 至 {until}", f"applies from {file.valid_from} to {until}") + f" ({document.clause})",
        speech.pick(
            f"与条文核对于 {document.checked_on}，版本 {policy.edition}（文字 {policy.wording}）",
            f"checked against the text on {document.checked_on}, edition {policy.edition} (wording {policy.wording})",
        ),
    ]
    draft = speech.pick("征求意见稿，未正式施行", "A DRAFT for comment, not in force") if file.status == "draft" else None
    return Heading(f"{speech.label(file.title)} ({file.id})  {document.title}", draft, document.number, lines)


def _pools(policy: Policy, speech: Speech) -> Iterator[Part]:
    columns = (
        ("代码", "名称", "计入", "适用", "年度限额（元）", "条款"),
        ("code", "name", "counts", "applies to", "limit a year, yuan", "clause"),
    )
    rows = []
    for code, pool in policy.file.pools.items():
        visits = "" if pool.visit_types is None else ", ".join(map(speech.say, pool.visit_types))
        asked = "" if pool.when is None else when(pool.when, speech)
        of = pool.claims_of and speech.pick(f"适用 {pool.claims_of} 的", f"what {pool.claims_of} applies to")
        visits = speech.pick("，", ", ").join(filter(None, (visits, asked, of))) or speech.pick("全部", "all")
        limits = "\n".join(by_class(pool.limit_yuan or {}, speech))
        counts = speech.say(f"counts.{pool.counts}")
        limit = limits or speech.pick("无，只累计", "none, it only counts")
        rows.append((code, speech.label(pool.label), counts, visits, limit, pool.clause))
    yield Sheet(speech.pick("限额与累计", "Limits and counters"), columns[speech.lang == "en"], rows)


def _benefits(policy: Policy, speech: Speech) -> Iterator[Part]:
    columns = ("待遇", "适用", "基数", "比例", "受限于", "条款"), ("benefit", "applies to", "base", "rate", "limited by", "clause")
    rows = []
    for benefit in policy.file.benefits:
        name = f"{speech.label(benefit.label)}\n{benefit.id} ({benefit.kind})"
        lines = [*rates(benefit, speech), *(modifier(change, speech) for change in benefit.modifiers if change.applies)]
        limits, stands_in = listed(benefit.limited_by), clauses(benefit.clause)
        rows.append((name, _applies(policy, benefit, speech), base(benefit, speech), "\n".join(lines), limits, stands_in))
    yield Sheet(
        speech.pick("救助待遇（按支付顺序）", "Benefits, in the order of payment"), columns[speech.lang == "en"], rows, is_lined=True
    )


def _applies(policy: Policy, benefit: Benefit, speech: Speech) -> str:
    """To which claims a benefit applies, and which other excludes it."""
    text = when(benefit.when, speech)
    if benefit.unless is not None:
        text += speech.pick("；不含 ", "; not for ") + when(benefit.unless, speech)
    if benefit.replaced_by:
        text += speech.pick("；被代替于 ", "; replaced by ") + listed(benefit.replaced_by)
    if benefit.group is not None and policy.file.groups[benefit.group].take == "first":
        text += (
            speech.pick("；同组只享一种", "; only the first that applies of its group") + f" ({policy.file.groups[benefit.group].clause})"
        )
    return text


def _readings(policy: Policy, speech: Speech) -> Sheet:
    columns = (
        ("编号", "名称", "采用", "另一理解", "条款", "为何可有两读"),
        ("no.", "name", "chosen", "the other", "clause", "why it is open"),
    )
    rows = []
    for name, choice in policy.file.readings.items():
        value = policy.readings[name]
        other = choice.other if value == choice.default else choice.default
        chosen = reading_text(value) + ("" if value == choice.default else " *")
        rows.append((choice.id, name, chosen, reading_text(other), choice.clause, choice.why))
    is_switched = any(policy.readings[name] != choice.default for name, choice in policy.file.readings.items())
    note = speech.pick("* 与默认不同", "* not the default") if is_switched else None
    return Sheet(speech.pick("条文理解", "Readings left open by the text"), columns[speech.lang == "en"], rows, note=note)


def _figures(policy: Policy, speech: Speech) -> Iterator[Part]:
    columns = (("代码", "名称", "金额（元）", "条款"), ("code", "name", "yuan", "clause"))
    rows = [(code, speech.label(figure.label), dated(figure.yuan), figure.clause) for code, figure in policy.file.figures.items()]
    yield Sheet(speech.pick("参照数额", "Figures referred to"), columns[speech.lang == "en"], rows)


SECTIONS: Mapping[str, Section] = {"categories": categories, "figures": _figures, "pools": _pools, "benefits": _benefits, **RULES}
