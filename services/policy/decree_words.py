"""A policy file in words: what its page is made of, and conditions, figures over time, rates, bases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from schemas.money import yuan_text
from services.policy.benefits import Benefit, Excess, Modifier, Rate, When
from services.policy.words import Speech, percent


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of the page: what it is, a warning where it is a draft, and lines about the document."""

    title: str
    draft: str | None
    number: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. A cell may have several lines; `is_lined`: so many that a line between rows helps. `note` stands below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_lined: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A rule in sentences."""

    title: str
    clause: str | None
    sentences: Sequence[str]


Part = Heading | Sheet | Passage


def dated(figures: Mapping[date, int], text: Mapping[date, str] | None = None) -> str:
    """A figure over time: alone while there is one, else each with the day from which it holds."""
    words = text or {day: yuan_text(fen) for day, fen in figures.items()}
    if len(words) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{word} ({day} -)" for day, word in sorted(words.items()))


def shares(figures: Mapping[date, int]) -> str:
    """A rate over time."""
    return dated(figures, {day: percent(rate_bp) for day, rate_bp in figures.items()})


def when(condition: When, speech: Speech) -> str:
    """To which claims something applies; "all" where nothing is said."""
    words: list[str] = []
    if condition.classes is not None:
        words.append(f"{speech.pick('类', 'class')} {'/'.join(condition.classes)}")
    for codes in (condition.visit_types, condition.insurance, condition.referral, condition.conditions):
        if codes is not None:
            words.append("/".join(map(speech.say, codes)))
    if condition.without_conditions is not None:
        words.append(speech.pick("不含", "without ") + "/".join(map(speech.say, condition.without_conditions)))
    words += _more(condition, speech)
    alternatives = [when(inner, speech) for inner in condition.any_of]
    if alternatives:
        words.append(speech.pick("；或 ", "; or ").join(alternatives))
    return speech.pick("，", ", ").join(words) or speech.pick("全部", "all")


def _more(condition: When, speech: Speech) -> list[str]:
    """What else is asked of person and claim."""
    words: list[str] = []
    if condition.in_province is not None:
        words.append(
            speech.pick("省域内", "within the province") if condition.in_province else speech.pick("省域外", "outside the province")
        )
    if condition.age_at_most is not None:
        on = speech.pick("（以申请时间为准）", " on application") if condition.age_on == "application" else ""
        words.append(speech.pick(f"{condition.age_at_most}周岁及以下", f"aged {condition.age_at_most} or below") + on)
    if condition.applied is not None:
        words.append(speech.pick("已申请", "applied for") if condition.applied else speech.pick("未申请", "not applied for"))
    if condition.limit_reached is not None:
        words.append(speech.pick(f"{condition.limit_reached} 限额已达", f"{condition.limit_reached} reached"))
    return words


def rates(rate: Rate, speech: Speech) -> list[str]:
    """The rates of a benefit, a line each, and which of several counts."""
    lines = [f"{klass}: {shares(figures)}" for klass, figures in (rate.class_percent or {}).items()]
    lines += [f"{speech.say(code)}: {shares(figures)}" for code, figures in (rate.condition_percent or {}).items()]
    if rate.flat_percent is not None:
        lines.append(shares(rate.flat_percent))
    kinds = [rate.class_percent, rate.condition_percent, rate.flat_percent]
    if sum(kind is not None for kind in kinds) > 1:
        takes = {
            "highest": speech.pick("取最高", "the highest counts"),
            "class": speech.pick("按类别", "that of the class counts"),
            "condition": speech.pick("按病种", "that of the disease counts"),
            "flat": speech.pick("按统一比例", "the one for all counts"),
        }
        lines.append(takes[rate.take])
    return lines


def modifier(change: Modifier, speech: Speech) -> str:
    """A change of the rate, with its clause; one that the readings switch off is left out by the caller."""
    points = dated(change.percent, {day: f"{bp / 100:+g}" for day, bp in change.percent.items()})
    unit = speech.pick("个百分点", " percentage points") if change.counted == "points" else speech.pick("%（按比例）", "% of the rate")
    return f"{points}{unit}: {when(change.when, speech)} ({change.clause})"


def base(benefit: Benefit, speech: Speech) -> str:
    """What the rate applies to."""
    if isinstance(benefit.base, Excess):
        over = dated(benefit.base.over_yuan)
        if benefit.base.per == "claim":
            return speech.pick(f"单次负担超过 {over} 的部分", f"a claim's burden above {over}")
        return speech.pick(f"{benefit.base.sum} 超过 {over} 部分的增加额", f"rise of {benefit.base.sum} above {over}")
    text = speech.say(f"base.{benefit.base}")
    return f"{text} - {benefit.deductible}" if benefit.deductible else text


def clauses(clause: str | Mapping[str, str]) -> str:
    """A clause, or one for each class."""
    return clause if isinstance(clause, str) else ", ".join(f"{klass} {text}" for klass, text in clause.items())


def yes(value: bool, speech: Speech) -> str:
    """Yes or no."""
    return speech.pick("是", "yes") if value else speech.pick("否", "no")


def listed(names: Sequence[str]) -> str:
    """Names one after the other."""
    return ", ".join(names)
