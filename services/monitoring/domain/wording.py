"""What warnings say, in Chinese and English: one sentence each, amounts in yuan. No person's id stands in a sentence; a claim's key may."""

from dataclasses import dataclass
from datetime import date

from schemas.money import yuan_text
from services.policy.parts import Label


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence in both languages."""

    zh: str
    en: str


_KINDS = {
    "impoverishment_risk": Label(zh="因病致贫风险", en="risk of impoverishment by illness"),
    "return_to_poverty_risk": Label(zh="因病返贫风险", en="risk of falling back into poverty by illness"),
    "annual_limit_near": Label(zh="年度限额临近", en="yearly limit near"),
    "annual_limit_reached": Label(zh="年度限额用完", en="yearly limit reached"),
    "hospital_self_pay_ratio": Label(zh="医疗机构个人自付占比", en="hospital's self-pay ratio"),
    "status_ending": Label(zh="救助身份终止", en="status ending"),
    "status_changed_in_stay": Label(zh="住院期间救助身份变化", en="status changed during a stay"),
    "overlapping_stays": Label(zh="住院时间重叠", en="overlapping stays"),
    "reversal_waiting": Label(zh="冲正待匹配", en="reversal without a claim"),
    "claim_after_death": Label(zh="死亡后结算", en="claim after death"),
    "conflicting_duplicate": Label(zh="重复上传且内容不一致", en="conflicting duplicate"),
    "recovery_due": Label(zh="待追回救助金", en="assistance to be recovered"),
}
_LEVELS = {"notice": "提示", "warning": "预警", "critical": "严重"}
_LOST_BY: dict[str, Label] = {
    "ordinary": Label(zh="身份取消", en="withdrawn"),
    "fraud": Label(zh="弄虚作假被取消", en="withdrawn for fraud"),
    "death": Label(zh="死亡", en="death"),
    "changed": Label(zh="类别变化", en="changed to another"),
    "expiry": Label(zh="到期", en="expired"),
}


def name_of(kind: str, level: str) -> str | None:
    """A kind of warning and its level, in Chinese; None of a kind or level that there is not."""
    return f"{_KINDS[kind].zh}（{_LEVELS[level]}）" if kind in _KINDS and level in _LEVELS else None


def burden(poverty_kind: str, burden_fen: int, threshold_fen: int) -> Message:
    """A year's burden has reached a level; `poverty_kind` is the kind of the warning."""
    spent, line, kind = yuan_text(burden_fen), yuan_text(threshold_fen), _KINDS[poverty_kind]
    return Message(
        f"本年度个人医疗费用负担{spent}元，达到{line}元的监测标准，存在{kind.zh}。",
        f"The year's medical burden of {spent} yuan has reached the threshold of {line} yuan: {kind.en}.",
    )


def limit_near(pool: Label, used_fen: int, limit_fen: int) -> Message:
    """A yearly limit is nearly used."""
    used, limit = yuan_text(used_fen), yuan_text(limit_fen)
    return Message(f"{pool.zh}{limit}元已使用{used}元，即将用完。", f"{used} yuan of the {pool.en} of {limit} yuan are used.")


def limit_reached(pool: Label, used_fen: int, limit_fen: int) -> Message:
    """A yearly limit is used up."""
    used, limit = yuan_text(used_fen), yuan_text(limit_fen)
    return Message(f"{pool.zh}{limit}元已用完（使用{used}元）。", f"The {pool.en} of {limit} yuan is reached ({used} yuan used).")


def hospital_ratio(stays: int, burden_fen: int, scope_fen: int, ratio: str, limit: str) -> Message:
    """A hospital leaves too much to assisted persons. The ratios are shares as text."""
    left, whole = yuan_text(burden_fen), yuan_text(scope_fen)
    return Message(
        f"本年度救助对象县域内住院{stays}人次，个人自付{left}元，占政策范围内住院总费用{whole}元的{ratio}，超过{limit}。",
        f"In {stays} in-county stays of the year {left} yuan of {whole} yuan within policy scope, a share of {ratio}, were left to assisted persons,"
        f" above {limit}.",
    )


def status_ending(category: Label, last_day: date, lost_by: str | None) -> Message:
    """A status has an end."""
    why = _LOST_BY.get(lost_by or "ordinary", _LOST_BY["ordinary"])
    return Message(
        f"{category.zh}身份的救助待遇至{last_day}止（{why.zh}）。", f"Entitlement of {category.en} ends with {last_day} ({why.en})."
    )


def changed_in_stay(first: date, last: date, change: date) -> Message:
    """A status was gained, lost or changed during a stay."""
    return Message(
        f"{first}至{last}住院期间，救助身份于{change}发生变化。",
        f"During the stay from {first} to {last} the assistance status changed on {change}.",
    )


def overlapping(first: tuple[date, date], second: tuple[date, date]) -> Message:
    """Two stays of one person at one time; each as admission and discharge."""
    return Message(
        f"{second[0]}至{second[1]}的住院与{first[0]}至{first[1]}的住院时间重叠。",
        f"The stay from {second[0]} to {second[1]} overlaps the stay from {first[0]} to {first[1]}.",
    )


def reversal_waiting(claim: str, on: date) -> Message:
    """A reversal has no claim that it fits."""
    return Message(
        f"{on}上传的冲正指向结算单{claim}，无人员、地区相符的结算单，未冲正任何费用；请核对是否误用退费单自身的结算ID。",
        f"The reversal of {on} names claim {claim}, which no claim of this person and region has: nothing was taken back. Does it name the refund's own id?",
    )


def after_death(day: date, died_on: date) -> Message:
    """A claim is dated after the person's death."""
    return Message(
        f"结算日期{day}晚于已登记的死亡日期{died_on}。", f"The claim's date {day} is later than the recorded death on {died_on}."
    )


def conflicting(claim: str, refused: int, again: bool) -> Message:
    """A claim key came again with other content; `again`: after an operator had closed an earlier warning of it."""
    times = "once" if refused == 1 else f"{refused} times"
    return Message(
        f"结算单{claim}{'自上次办结后又' if again else ''}以不同内容重复上传{refused}次，均已拒收，请核查。",
        f"Claim {claim} was sent again with other content {times}{' since it was closed' if again else ''} and refused; please check.",
    )


def recovery(claim: str, recovered_fen: int, again: bool) -> Message:
    """An adjustment took money back; `again`: after an operator had closed an earlier warning of it."""
    amount = yuan_text(recovered_fen)
    return Message(
        f"结算单{claim}{'自上次办结后再次' if again else ''}重新核算，应追回救助金{amount}元。",
        f"After {'another ' if again else ''}re-adjudication of claim {claim}, {amount} yuan of assistance are to be recovered.",
    )


def gone(kind: str, level: str) -> Message:
    """The cause of a warning is no more."""
    label = _KINDS[kind]
    return Message(f"“{label.zh}”（{_LEVELS[level]}）的原因已消除，解除。", f"The cause of the warning ({label.en}, {level}) is gone.")


def closed(kind: str, level: str) -> Message:
    """An operator has closed a warning."""
    label = _KINDS[kind]
    return Message(f"“{label.zh}”（{_LEVELS[level]}）已由经办人员办结。", f"The warning ({label.en}, {level}) was closed by an operator.")


def fallen(kind: str, level: str) -> Message:
    """The cause of a warning has become less; the lower level is told as the next episode."""
    label = _KINDS[kind]
    return Message(
        f"“{label.zh}”的程度已降低，原{_LEVELS[level]}级解除，改按较低级别提示。",
        f"The cause of the warning ({label.en}) has lessened; level {level} is resolved and a lower level is raised.",
    )
