"""The page of a policy, of its people: who is assisted and who certifies it, what is paid of premiums, and the words of the region's own."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.policy.decree_words import Passage, Sheet, dated, listed, shares, yes
from services.policy.loader import Policy
from services.policy.people import Category
from services.policy.tiers import Tier, is_by_tier
from services.policy.words import Speech


def categories(policy: Policy, speech: Speech) -> Iterator[Sheet]:
    """The table of categories."""
    columns = (
        ("代码", "救助对象", "类", "认定部门", "资助参保", "免押金", "条款"),
        ("code", "category", "class", "certified by", "premium", "no deposit", "clause"),
    )
    rows = []
    for code, category in policy.file.categories.items():
        agencies = listed([speech.agency(agency) for agency in category.certifiers])
        klass, waived = _class(category, speech), yes(category.deposit_waived, speech)
        rows.append((code, speech.label(category.label), klass, agencies, _subsidy(category, speech), waived, category.clause))
    yield Sheet(speech.pick("救助对象", "Categories"), columns[speech.lang == "en"], rows)


def _class(category: Category, speech: Speech) -> str:
    """The class, or why there is none, and until when."""
    if category.klass is None:
        return speech.say(f"reason.{category.settles}")
    until = category.figures_until
    return category.klass if until is None else category.klass + speech.pick(f"（至 {until}）", f" (until {until})")


def _subsidy(category: Category, speech: Speech) -> str:
    """How the premium is subsidised, and by how much where the file says it, a line a tier."""
    if category.subsidy is None:
        return speech.pick("未公布", "not published")
    if category.subsidy_percent is not None:
        return _by_tier(
            category.subsidy_percent, lambda figures: speech.pick(f"保费的 {shares(figures)}", f"{shares(figures)} of the premium")
        )
    if category.subsidy_yuan is not None:
        return _by_tier(category.subsidy_yuan, lambda figures: dated(figures) + speech.pick(" 元", " yuan"))
    return speech.say(f"subsidy.{category.subsidy}")


def _by_tier(figures: Mapping[Any, Any], text: Callable[[Any], str]) -> str:
    """A figure for all, or a line for each tier."""
    return "\n".join(f"{tier}: {text(of_tier)}" for tier, of_tier in figures.items()) if is_by_tier(figures) else text(figures)


def premium(policy: Policy, speech: Speech) -> Iterator[Passage]:
    """The rules of the premium subsidy, and the premiums by tier."""
    rule = policy.file.premium_subsidy
    sentences = [speech.pick("各类资助标准见上表", "by how much: see the categories")]
    if rule.paid_after_enrolment:
        sentences.append(speech.pick("以缴定补：本人缴费后再资助", "paid once the person has paid (以缴定补)"))
    if rule.waiting_period_waived:
        sentences.append(speech.pick("免除待遇等待期", "no waiting period"))
    if rule.not_if_enrolled_before_grant:
        sentences.append(speech.pick("认定前已参保的，当年不再资助", "none for the year if already enrolled before the grant"))
    sentences += [_tier(name, tier, speech) for name, tier in rule.tiers.items()]
    yield Passage(speech.pick("资助参保", "Premium subsidy"), rule.clause, sentences)


def _tier(name: str, tier: Tier, speech: Speech) -> str:
    who = (
        speech.pick("其他人员", "everybody else")
        if tier.age_at_most is None
        else speech.pick(f"1月1日不超过 {tier.age_at_most} 周岁", f"aged {tier.age_at_most} or below on 1 January")
    )
    amount = dated(tier.premium_yuan)
    return speech.pick(
        f"缴费档次 {name} {tier.label.zh}（{who}）：保费 {amount} 元", f"tier {name}, {tier.label.en} ({who}): a premium of {amount} yuan"
    )


def times_of(policy: Policy, speech: Speech) -> list[str]:
    """When a status of one category or another begins and ends otherwise than those of the others."""
    begins = {
        "immediately": ("{} 自认定生效之日起享受", "{}: a grant entitles from its day on"),
        "next_month": ("{} 自认定次月起享受", "{}: a grant entitles from the next month on"),
    }
    sentences = []
    for code, category in policy.file.categories.items():
        if category.grant_takes_effect is not None:
            sentences.append(speech.pick(*begins[category.grant_takes_effect]).format(code))
        if (months := category.expires_after_months) is not None:
            sentences.append(
                speech.pick(
                    f"{code} 自待遇生效起满 {months} 个月终止，重新认定的续期",
                    f"{code} ends {months} months after it took effect, unless renewed",
                )
            )
    return sentences


def conditions(policy: Policy, speech: Speech) -> Iterator[Passage]:
    """The conditions that the region's claims may carry besides the contract's."""
    names = [f"{code} {speech.label(label)}" for code, label in policy.file.conditions.items()]
    yield Passage(speech.pick("本地病种和标记", "Conditions of the region's own"), None, names)


def agencies(policy: Policy, speech: Speech) -> Iterator[Passage]:
    """The agencies of the region besides the contract's."""
    names = [f"{code} {speech.label(label)}" for code, label in policy.file.agencies.items()]
    yield Passage(speech.pick("本地部门", "Agencies of the region's own"), None, names)


def visit_kinds(policy: Policy, speech: Speech) -> Iterator[Passage]:
    """The kinds of visit of the region besides the contract's."""
    names = [
        f"{code} {speech.label(kind.label)}" + speech.pick(f"（同{speech.say(kind.like)}）", f" (like: {speech.say(kind.like)})")
        for code, kind in policy.file.visit_kinds.items()
    ]
    yield Passage(speech.pick("本地就医类型", "Kinds of visit of the region's own"), None, names)
