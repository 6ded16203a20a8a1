"""An explanation in words, Chinese or English, for whoever must tell a citizen why. Amounts in yuan with two decimals, as on the ledger.

Not here: the payments and counters (`explain_money.py`), the words for codes (`words.py`).
"""

from collections.abc import Iterator

from schemas.identity import ApplicationApproved
from schemas.money import yuan_text
from services.policy.adjudicate import self_pay_rule
from services.policy.engine import Assessment
from services.policy.entitlement import Application, Interval
from services.policy.explain import Explanation, Told
from services.policy.explain_money import counters, payments, readings
from services.policy.loader import Policy
from services.policy.standing import standing
from services.policy.terms import at
from services.policy.words import Lang, Speech, percent


def explanation_text(found: Explanation, lang: Lang) -> str:
    """The explanation as lines of text."""
    speech = Speech(lang)
    sections = (_head, _result, _self_pay, _statuses, _applications, _categories, payments, readings, counters, _history)
    blocks = ["\n".join(section(found, speech)) for section in sections]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(found: Explanation, speech: Speech) -> Iterator[str]:
    claim, dossier = found.claim, found.dossier
    days = str(claim.date) if claim.first_date == claim.date else f"{claim.first_date} - {claim.date}"
    facts = [claim.visit_type, days, claim.insurance_type, claim.referral, *claim.conditions]
    place = speech.pick(f"{dossier.year}年第{found.sequence}笔", f"claim {found.sequence} of {dossier.year}")
    yield f"{claim.key}: {dossier.person_id}, {dossier.region}, {place}"
    yield "  " + speech.pick("，", ", ").join(map(speech.say, facts))
    yield "  " + _policy(found, speech)


def _policy(found: Explanation, speech: Speech) -> str:
    policy = found.settlement.policy
    if policy is None:
        return speech.pick("当日没有有效的救助办法", "no decree in force on the day")
    draft = speech.pick("（征求意见稿，未正式施行）", " (a draft, not in force)") if policy.file.status == "draft" else ""
    figures = speech.pick("标准自 ", "figures of ") + str(found.settlement.version)
    return f"{speech.label(policy.file.title)} {policy.file.document.number}{draft}, {figures}, {speech.pick('版本', 'edition')} {policy.edition}"


def _result(found: Explanation, speech: Speech) -> Iterator[str]:
    settled = found.settlement
    paid, own = yuan_text(settled.assistance_fen), yuan_text(settled.self_pay_fen)
    left = yuan_text(settled.self_pay_fen - settled.assistance_fen)
    if settled.is_reversed:
        yield speech.pick(
            f"结果：已冲销（{found.reversed_for}），救助 0.00 元", f"Result: reversed ({found.reversed_for}); 0.00 yuan of assistance"
        )
    elif settled.reason is not None:
        why = f"{settled.reason}: {speech.say(f'reason.{settled.reason}')}{_clause_of_bar(settled.policy, settled.reason)}"
        yield speech.pick(
            f"结果：不予救助（{why}）；个人负担 {left} 元", f"Result: not assisted ({why}); {left} yuan stays with the person"
        )
    else:
        yield speech.pick(
            f"结果：救助 {paid} 元；自付费用 {own} 元，个人负担 {left} 元",
            f"Result: {paid} yuan of assistance; of {own} yuan self-pay {left} yuan stays with the person",
        )
    if settled.fee_waived_fen and settled.policy and settled.policy.file.consultation_fee:
        clause, fee = settled.policy.file.consultation_fee.clause, yuan_text(settled.fee_waived_fen)
        yield speech.pick(
            f"  免收诊察费 {fee} 元（{clause}），不由基金支付", f"  consultation fee of {fee} yuan waived ({clause}), not paid by the fund"
        )


def _clause_of_bar(policy: Policy | None, reason: str) -> str:
    """The clause of the rule that keeps the claim from assistance, where it is one."""
    bars = policy.file.bars if policy else ()
    return next((f", {bar.clause}" for bar in bars if bar.reason == reason), "")


def _self_pay(found: Explanation, speech: Speech) -> Iterator[str]:
    claim, settled = found.claim, found.settlement
    if settled.is_reversed:
        return
    policy = found.dossier.policy_of(claim.date)
    rules, rule = policy.file.self_pay, self_pay_rule(policy, claim)
    bill = f"{speech.pick('总费用', 'the whole bill')} {yuan_text(claim.total_amount)}"
    paid = [
        (speech.pick("基本医保", "basic insurance"), claim.basic_paid),
        (speech.pick("大病保险", "critical-illness insurance"), claim.critical_illness_paid),
    ]
    if rule == "share" and rules.uninsured is not None:
        start, clause, paid = f"{percent(at(rules.uninsured.percent, policy.version(claim.date)))} x {bill}", rules.uninsured.clause, []
    elif rule == "package" and rules.package is not None:
        start, clause = bill, f"{rules.package.clause}, {speech.say('package')}"
    else:
        start, clause = f"{speech.pick('政策范围内费用', 'within the scope')} {yuan_text(claim.policy_scope_amount)}", ""
        paid.append((speech.pick("其他支付", "others"), claim.other_paid))
    less = "".join(f" - {name} {yuan_text(fen)}" for name, fen in paid)
    yield f"{speech.pick('自付费用 S', 'Self-pay S')}: {yuan_text(settled.self_pay_fen)} = {start}{less}" + (
        f" ({clause})" if clause else ""
    )


def _statuses(found: Explanation, speech: Speech) -> Iterator[str]:
    """The person's intervals of status in the city, covering or not."""
    covering = {assessment.category for assessment in found.settlement.assessments}
    yield speech.pick("救助身份", "Statuses in the city") + ("" if found.intervals else ": " + speech.pick("无", "none"))
    for interval in found.intervals:
        covers = (
            speech.pick("覆盖本次", "covers this visit")
            if interval.category in covering
            else speech.pick("不覆盖本次", "does not cover it")
        )
        told = "" if found.settlement.is_reversed or found.settlement.policy is None else f"; {covers}"
        yield f"  {_category(found, speech, interval.category)}: {_span(interval, speech)}{told}"


def _applications(found: Explanation, speech: Speech) -> Iterator[str]:
    """What the claim counts as applied for by: its own day, or for each covering category the approved application of its day."""
    claim, dossier = found.claim, found.dossier
    if claim.applied_on is not None:
        yield speech.pick(f"申请：结算单载明 {claim.applied_on} 申请", f"Applied for on {claim.applied_on}, as the claim says")
        return
    approved = [dossier.status.application(dossier.region, assessment.category, claim.date) for assessment in found.settlement.assessments]
    counting = [application for application in approved if application is not None]
    if counting:
        yield speech.pick("申请（经批准）", "Approved applications that count")
    for one in counting:
        days, sent = f"{one.start} - {one.to}", _sent(found, one)
        told = speech.pick(
            f"{one.applied_on} 申请，适用 {days} 的就医或出院", f"applied for on {one.applied_on}, for services or discharges of {days}"
        )
        yield f"  {_category(found, speech, one.category)}: {told}{sent}"


def _sent(found: Explanation, application: Application) -> str:
    """The source and id of the application's event, where the source of the explanation tells events."""
    for event in standing(found.dossier.events or ()):
        told = event.data
        if isinstance(told, ApplicationApproved) and application == Application(
            told.region, told.category, told.applied_on, told.from_, told.to
        ):
            return f" ({event.source} {event.id})"
    return ""


def _span(interval: Interval, speech: Speech) -> str:
    span = f"{interval.start} - {interval.to or speech.pick('至今', 'open')}"
    if interval.lost_on is None:
        return span
    loss = speech.say(f"lost.{interval.lost_by}") + (f" -> {interval.changed_to}" if interval.changed_to else "")
    return f"{span} ({interval.lost_on} {loss})"


def _category(found: Explanation, speech: Speech, code: str) -> str:
    policy = found.settlement.policy
    known = policy.file.categories.get(code) if policy else None
    return f"{code} {speech.label(known.label)}" if known else code


def _categories(found: Explanation, speech: Speech) -> Iterator[str]:
    """The category settled by, and those that would have given less."""
    chosen = found.settlement.chosen
    if chosen is None:
        return
    yield speech.pick("按哪一类救助（就高）", "Category settled by (the highest)")
    for assessment in found.settlement.assessments:
        taken = assessment is chosen
        mark = speech.pick("采用", "taken") if taken else _why_not(assessment, chosen, speech)
        klass = f" [{assessment.klass}]" if assessment.klass else ""
        why = f" ({assessment.reason}: {speech.say(f'reason.{assessment.reason}')})" if assessment.reason else ""
        yield f"  {_category(found, speech, assessment.category)}{klass}: {yuan_text(assessment.total_fen)}{why}, {mark}"


def _why_not(assessment: Assessment, chosen: Assessment, speech: Speech) -> str:
    if assessment.total_fen == chosen.total_fen:
        return speech.pick("金额相同，表中在后，未采用", "not taken: gives the same, and stands later in the table")
    return speech.pick("较低，未采用", "not taken: gives less")


def _history(found: Explanation, speech: Speech) -> Iterator[str]:
    history = found.dossier.history
    if history:
        yield speech.pick("结算经过", "Revisions")
        yield from (_told(told, speech) for told in history)


def _told(told: Told, speech: Speech) -> str:
    delta = told.delta if told.delta.startswith("-") else f"+{told.delta}"
    by = f"{told.cause['source']} {told.cause['id']}"
    verb = speech.say(f"verb.{told.verb}")
    return "  " + speech.pick(
        f"第{told.revision}次 {told.time} {verb}：{told.assistance}（{delta}），起因 {by}",
        f"{told.revision}: {told.time} {verb}: {told.assistance} ({delta}), caused by {by}",
    )
