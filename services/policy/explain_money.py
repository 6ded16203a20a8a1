"""The part of an explanation that counts: payments with the pools they met, the readings they hang on, the year's counters."""

from collections.abc import Iterator, Mapping
from datetime import date

from schemas.money import Fen, yuan_text
from services.policy.benefits import Benefit, Excess
from services.policy.course import ONCE, Draw, Payment, RateChange
from services.policy.explain import Explanation, Mattered
from services.policy.explain_lines import Line, heading, row
from services.policy.loader import Policy
from services.policy.parts import PercentOf, at, fen_at
from services.policy.sums import assisted_pool
from services.policy.tree import reading_text
from services.policy.words import Speech, percent


def payments(found: Explanation, speech: Speech) -> Iterator[Line]:
    """Each component: clause, base, rate, what it drew from which pool, and what limited it."""
    chosen, policy = found.settlement.chosen, found.settlement.policy
    if chosen is None or policy is None or not (chosen.payments or chosen.deductible_fen):
        return
    yield heading(speech.pick("救助金额", "Payments"))
    if not chosen.payments:
        yield row(f"{speech.pick('本次计入起付标准', 'counted towards the deductible')}: {yuan_text(chosen.deductible_fen)}")
    for payment in chosen.payments:
        yield from _payment(found, policy, payment, speech)


def _payment(found: Explanation, policy: Policy, payment: Payment, speech: Speech) -> Iterator[Line]:
    benefit = next(benefit for benefit in policy.file.benefits if benefit.id == payment.benefit)
    cut = speech.pick("，受限于 ", ", limited by ") + _pool(policy, payment.limited_by, speech) if payment.limited_by else ""
    parts = payment.bands or ((payment.base_fen, payment.rate_bp),)
    sum_text = (
        " + ".join(f"{yuan_text(part_fen)} x {percent(rate_bp)}" for part_fen, rate_bp in parts) + f" -> {yuan_text(payment.amount_fen)}"
    )
    yield row(f"{speech.label(benefit.label)} ({payment.kind}, {payment.clause}): {sum_text}{cut}")
    offered = f"{_base(found, policy, benefit, speech)} {yuan_text(payment.offered_fen)}{_taken_off(payment, speech)}"
    yield row(f"{speech.pick('基数', 'base')}: {offered}", depth=2)
    for change in payment.changes:
        yield row(f"{speech.pick('比例', 'rate')}: {_change(change, speech)} ({change.clause})", depth=2)
    for draw in payment.draws:
        yield row(f"{_pool(policy, draw.counter, speech)}: {_drawn(policy, draw, speech)}", depth=2)


def _base(found: Explanation, policy: Policy, benefit: Benefit, speech: Speech) -> str:
    """What the rate applies to, in words."""
    if benefit.base is None:
        return speech.pick("定额", "lump sum")
    if not isinstance(benefit.base, Excess):
        plain = benefit.base == "self_pay_below_cap" and not found.claim.above_basic_cap_amount
        return speech.say("base.self_pay" if plain else f"base.{benefit.base}")
    over = _over(policy, benefit.base.over_yuan, policy.version(found.claim.date), speech)
    pool = _pool(policy, benefit.base.sum, speech)
    if benefit.base.per == "claim":
        return speech.pick(f"本次负担超过 {over} 的部分", f"this claim's burden above {over}:")
    if assisted_pool(benefit):
        return speech.pick(f"{pool}超过 {over} 而尚未救助的部分", f"part above {over} of {pool} not assisted before:")
    return speech.pick(f"{pool}超过 {over} 部分的增加额", f"rise of the part above {over} of {pool}:")


def _over(policy: Policy, figures: Mapping[date, Fen | PercentOf], day: date, speech: Speech) -> str:
    """An amount, and where it is a percentage of a figure, how it comes about."""
    total, told = yuan_text(fen_at(figures, day, policy.file.figures)), at(figures, day)
    if not isinstance(told, PercentOf):
        return total
    figure = policy.file.figures[told.percent_of]
    return f"{total} ({percent(told.percent)} x {speech.label(figure.label)} {yuan_text(at(figure.yuan, day))}, {figure.clause})"


def _taken_off(payment: Payment, speech: Speech) -> str:
    """How the base offered became the base admitted: less the deductible, cut by a pool of self-pay."""
    taken_fen = payment.deducted_fen
    text = f" - {speech.pick('起付标准', 'deductible')} {yuan_text(taken_fen)}" if taken_fen else ""
    if payment.base_fen < payment.offered_fen - taken_fen:
        text += speech.pick("，限额内 ", ", admitted within the limit ") + yuan_text(payment.base_fen)
    return text


def _change(change: RateChange, speech: Speech) -> str:
    size = percent(abs(change.points_bp))
    if change.relative:
        return (
            speech.pick("按比例上浮 " if change.points_bp > 0 else "按比例降低 ", "raised by " if change.points_bp > 0 else "lowered by ")
            + size
        )
    points = size.removesuffix("%")
    more = change.points_bp > 0
    return speech.pick(f"{'提高' if more else '降低'} {points} 个百分点", f"{points} percentage points {'more' if more else 'less'}")


def _drawn(policy: Policy, draw: Draw, speech: Speech) -> str:
    """A counter before and after a payment, and its limit."""
    before, after = (_counted(policy, draw.counter, fen) for fen in (draw.before_fen, draw.before_fen + draw.used_fen))
    if draw.limit_fen is None:
        return f"{before} -> {after}"
    limit = _counted(policy, draw.counter, draw.limit_fen)
    return f"{before} -> {after}" + speech.pick(f"，限额 {limit}", f" of {limit}")


def _counted(policy: Policy, name: str, fen: int) -> str:
    """What stands in a counter: an amount, or how many times."""
    return str(fen // ONCE) if policy.file.pools[name].counts == "times" else yuan_text(fen)


def _pool(policy: Policy, name: str, speech: Speech) -> str:
    return f"{speech.label(policy.file.pools[name].label)} ({name})"


def readings(found: Explanation, speech: Speech) -> Iterator[Line]:
    """The readings of the decree that decided this amount, each with what the other would have given."""
    if found.readings:
        yield heading(speech.pick("影响本次金额的条文理解", "Readings of the decree on which this hangs"))
        for mattered in found.readings:
            yield from _reading(found, mattered, speech)


def _reading(found: Explanation, mattered: Mattered, speech: Speech) -> Iterator[Line]:
    choice, other = mattered.choice, reading_text(mattered.other)
    yield row(f"{choice.id} {mattered.name} = {reading_text(mattered.value)} ({choice.clause}: {choice.why})")
    if mattered.year != found.dossier.year:
        yield row(speech.pick(f"若按 {other}：计入 {mattered.year} 年", f"with {other}: it would count in {mattered.year}"), depth=2)
        return
    amount = yuan_text(mattered.assistance_fen) + (
        f" ({mattered.reason}: {speech.say(f'reason.{mattered.reason}')})" if mattered.reason else ""
    )
    yield row(speech.pick(f"若按 {other}：救助 {amount}", f"with {other}: {amount} of assistance"), depth=2)


def counters(found: Explanation, speech: Speech) -> Iterator[Line]:
    """The year's counters before and after the claim."""
    policy, settled = found.settlement.policy, found.settlement
    if policy is None:
        return
    yield heading(speech.pick("年度累计（本次前 -> 本次后）", "Counters of the year (before -> after)"))
    for name, after_fen in settled.counters.items():
        before, after = (_counted(policy, name, fen) for fen in (found.before.get(name, 0), after_fen))
        yield row(f"{_pool(policy, name, speech)}: {before} -> {after}")
