"""A policy file in words: what its page is made of, and conditions, figures over time, rates, bases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from schemas.money import Fen, yuan_text
from services.policy.benefits import Benefit, Excess, Modifier, VisitDeductible, When
from services.policy.parts import ByClassFigures, PercentOf
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


def amount(fen: int | PercentOf) -> str:
    """An amount, or of which figure it is a percentage."""
    return f"{percent(fen.percent)} x {fen.percent_of}" if isinstance(fen, PercentOf) else yuan_text(fen)


def dated(figures: Mapping[date, Fen | PercentOf] | Mapping[date, int], text: Mapping[date, str] | None = None) -> str:
    """A figure over time: alone while there is one, else each with the day from which it holds."""
    words = text or {day: amount(fen) for day, fen in figures.items()}
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
    grades = [f"grade.{grade}" for grade in condition.hospital_grades or ()] or None
    for codes in (condition.visit_types, condition.insurance, condition.referral, condition.conditions, grades):
        if codes is not None:
            words.append("/".join(map(speech.say, codes)))
    if condition.without_conditions is not None:
        words.append(speech.pick("不含", "without ") + "/".join(map(speech.say, condition.without_conditions)))
    words += [*_places(condition, speech), *_more(condition, speech), *_amounts(condition, speech)]
    alternatives = [when(inner, speech) for inner in condition.any_of or ()]
    if alternatives:
        words.append(speech.pick("；或 ", "; or ").join(alternatives))
    return speech.pick("，", ", ").join(words) or speech.pick("全部", "all")


def _places(condition: When, speech: Speech) -> list[str]:
    """Where the claim must have arisen."""
    words: list[str] = []
    if condition.in_province is not None:
        words.append(
            speech.pick("省域内", "within the province") if condition.in_province else speech.pick("省域外", "outside the province")
        )
    if condition.in_county is not None:
        words.append(speech.pick("县域内", "within the county") if condition.in_county else speech.pick("县域外", "outside the county"))
    if condition.districts is not None:
        words.append(f"{speech.pick('区县', 'district')} {'/'.join(condition.districts)}")
    return words


def _amounts(condition: When, speech: Speech) -> list[str]:
    """How much must have come together, on the claim or over the year."""
    words: list[str] = []
    if condition.self_pay_over_yuan is not None:
        over = dated(condition.self_pay_over_yuan)
        words.append(speech.pick(f"自付费用超过 {over}", f"self-pay above {over}"))
    for name, figures in (condition.sum_over or {}).items():
        words.append(speech.pick(f"{name} 超过 {dated(figures)}", f"{name} above {dated(figures)}"))
    if condition.limit_reached is not None:
        words.append(speech.pick(f"{condition.limit_reached} 限额已达", f"{condition.limit_reached} reached"))
    return words


def _more(condition: When, speech: Speech) -> list[str]:
    """What else is asked of the person."""
    words: list[str] = []
    if condition.age_at_most is not None:
        on = speech.pick("（以申请时间为准）", " on application") if condition.age_on == "application" else ""
        words.append(speech.pick(f"{condition.age_at_most}周岁及以下", f"aged {condition.age_at_most} or below") + on)
    if condition.applied is not None:
        words.append(speech.pick("已申请", "applied for") if condition.applied else speech.pick("未申请", "not applied for"))
    return words


def modifier(change: Modifier, speech: Speech) -> str:
    """A change of the rate, with its clause; one that the readings switch off is left out by the caller."""
    points = dated(change.percent, {day: f"{bp / 100:+g}" for day, bp in change.percent.items()})
    unit = speech.pick("个百分点", " percentage points") if change.counted == "points" else speech.pick("%（按比例）", "% of the rate")
    return f"{points}{unit}: {when(change.when, speech)} ({change.clause})"


def base(benefit: Benefit, speech: Speech) -> str:
    """What the rate applies to."""
    if benefit.base is None:
        return speech.pick("定额", "a lump sum")
    if isinstance(benefit.base, Excess):
        over = dated(benefit.base.over_yuan)
        if benefit.base.per == "claim":
            return speech.pick(f"单次负担超过 {over} 的部分", f"a claim's burden above {over}")
        return speech.pick(f"{benefit.base.sum} 超过 {over} 部分的增加额", f"rise of {benefit.base.sum} above {over}")
    text = speech.say(f"base.{benefit.base}")
    if isinstance(benefit.deductible, VisitDeductible):
        return f"{text} - {speech.pick('次起付标准', 'deductible a visit')} ({'; '.join(by_class(benefit.deductible.yuan, speech))})"
    return f"{text} - {benefit.deductible}" if benefit.deductible else text


def by_class(figures: ByClassFigures, speech: Speech) -> list[str]:
    """A figure by class, a line each; everybody's alone."""
    if figures.keys() == {"default"} and (everybodys := figures["default"]) is not None:
        return [dated(everybodys)]
    none, others = speech.pick("无", "none"), speech.pick("其他", "others")
    return [
        f"{others if klass == 'default' else klass}: {none if of_class is None else dated(of_class)}" for klass, of_class in figures.items()
    ]


def clauses(clause: str | Mapping[str, str]) -> str:
    """A clause, or one for each class."""
    return clause if isinstance(clause, str) else ", ".join(f"{klass} {text}" for klass, text in clause.items())


def yes(value: bool, speech: Speech) -> str:
    """Yes or no."""
    return speech.pick("是", "yes") if value else speech.pick("否", "no")


def listed(names: Sequence[str]) -> str:
    """Names one after the other."""
    return ", ".join(names)
