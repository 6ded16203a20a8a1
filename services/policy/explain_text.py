"""An explanation in words, Chinese or English, for whoever must tell a citizen why. Amounts in yuan with two decimals, as on the ledger.

Not here: statuses and applications (`explain_status.py`), the payments and counters (`explain_money.py`), what a line is and how a terminal shows it
(`explain_lines.py`), the words for codes (`words.py`).
"""

from collections.abc import Iterator, Sequence

from schemas.money import yuan_text
from services.policy.adjudicate import self_pay_rule
from services.policy.declared import labels_of
from services.policy.engine import Assessment
from services.policy.explain import Explanation, Told
from services.policy.explain_lines import Foreign, Line, Section, heading, row, terminal_text
from services.policy.explain_money import counters, payments, readings
from services.policy.explain_status import applications, category_name, statuses
from services.policy.loader import Policy
from services.policy.parts import at
from services.policy.words import Lang, Speech, percent


def explanation_text(found: Explanation, lang: Lang) -> str:
    """The explanation as a terminal shows it."""
    return terminal_text(explanation(found, lang))


def explanation(found: Explanation, lang: Lang) -> Sequence[Section]:
    """The explanation as data: the first section is about the claim, the others say what became of it."""
    speech = Speech(lang).of(labels_of(found.dossier.policy_of(found.claim.date).file))
    told = (_head, _result, _self_pay, statuses, applications, _categories, payments, readings, counters, _history)
    blocks = [list(section(found, speech)) for section in told]
    return [Section(block[0], block[1:]) for block in blocks if block]


def _head(found: Explanation, speech: Speech) -> Iterator[Line]:
    claim, dossier = found.claim, found.dossier
    days = str(claim.date) if claim.first_date == claim.date else f"{claim.first_date} - {claim.date}"
    facts = [claim.visit_type, days, claim.insurance_type, claim.referral, *claim.conditions]
    place = speech.pick(f"{dossier.year}年第{found.sequence}笔", f"claim {found.sequence} of {dossier.year}")
    yield heading(f"{claim.key}: {dossier.person_id}, {dossier.region}, {place}")
    yield row(speech.pick("，", ", ").join(map(speech.say, facts)))
    yield row(_policy(found, speech))


def _policy(found: Explanation, speech: Speech) -> str:
    policy = found.settlement.policy
    if policy is None:
        return speech.pick("当日没有有效的救助办法", "no decree in force on the day")
    draft = speech.pick("（征求意见稿，未正式施行）", " (a draft, not in force)") if policy.file.status == "draft" else ""
    figures = speech.pick("标准自 ", "figures of ") + str(found.settlement.version)
    return f"{speech.label(policy.file.title)} {policy.file.document.number}{draft}, {figures}, {speech.pick('版本', 'edition')} {policy.edition}"


def _result(found: Explanation, speech: Speech) -> Iterator[Line]:
    settled = found.settlement
    paid, own = yuan_text(settled.assistance_fen), yuan_text(settled.self_pay_fen)
    left = yuan_text(max(0, settled.self_pay_fen - settled.assistance_fen))
    if settled.is_reversed:
        why, rest = Foreign(found.reversed_for or ""), speech.pick("），救助 0.00 元", "); 0.00 yuan of assistance")
        yield heading(speech.pick("结果：已冲销（", "Result: reversed ("), why, rest)
    elif settled.reason is not None:
        bar = f"{settled.reason}: {speech.say(f'reason.{settled.reason}')}{_clause_of_bar(settled.policy, settled.reason)}"
        yield heading(
            speech.pick(f"结果：不予救助（{bar}）；个人负担 {left} 元", f"Result: not assisted ({bar}); {left} yuan stays with the person")
        )
    else:
        yield heading(
            speech.pick(
                f"结果：救助 {paid} 元；自付费用 {own} 元，个人负担 {left} 元",
                f"Result: {paid} yuan of assistance; of {own} yuan self-pay {left} yuan stays with the person",
            )
        )
    if settled.fee_waived_fen and settled.policy and settled.policy.file.consultation_fee:
        clause, fee = settled.policy.file.consultation_fee.clause, yuan_text(settled.fee_waived_fen)
        yield row(
            speech.pick(
                f"免收诊察费 {fee} 元（{clause}），不由基金支付", f"consultation fee of {fee} yuan waived ({clause}), not paid by the fund"
            )
        )


def _clause_of_bar(policy: Policy | None, reason: str) -> str:
    """The clause of the rule that keeps the claim from assistance, where it is one."""
    bars = policy.file.bars if policy else ()
    return next((f", {bar.clause}" for bar in bars if bar.reason == reason), "")


def _self_pay(found: Explanation, speech: Speech) -> Iterator[Line]:
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
    own = f"{speech.pick('自付费用 S', 'Self-pay S')}: {yuan_text(settled.self_pay_fen)}"
    yield heading(f"{own} = {start}{less}" + (f" ({clause})" if clause else ""))


def _categories(found: Explanation, speech: Speech) -> Iterator[Line]:
    """The category settled by, and those that would have given less."""
    chosen = found.settlement.chosen
    if chosen is None:
        return
    yield heading(speech.pick("按哪一类救助（就高）", "Category settled by (the highest)"))
    for assessment in found.settlement.assessments:
        taken = assessment is chosen
        mark = speech.pick("采用", "taken") if taken else _why_not(assessment, chosen, speech)
        klass = f" [{assessment.klass}]" if assessment.klass else ""
        why = f" ({assessment.reason}: {speech.say(f'reason.{assessment.reason}')})" if assessment.reason else ""
        yield row(f"{category_name(found, speech, assessment.category)}{klass}: {yuan_text(assessment.total_fen)}{why}, {mark}")


def _why_not(assessment: Assessment, chosen: Assessment, speech: Speech) -> str:
    if assessment.total_fen == chosen.total_fen:
        return speech.pick("金额相同，表中在后，未采用", "not taken: gives the same, and stands later in the table")
    return speech.pick("较低，未采用", "not taken: gives less")


def _history(found: Explanation, speech: Speech) -> Iterator[Line]:
    history = found.dossier.history
    if history:
        yield heading(speech.pick("结算经过", "Revisions"))
        yield from (_told(told, speech) for told in history)


def _told(told: Told, speech: Speech) -> Line:
    delta = told.delta if told.delta.startswith("-") else f"+{told.delta}"
    verb = speech.say(f"verb.{told.verb}")
    said = speech.pick(
        f"第{told.revision}次 {told.time} {verb}：{told.assistance}（{delta}），起因 ",
        f"{told.revision}: {told.time} {verb}: {told.assistance} ({delta}), caused by ",
    )
    return row(said, Foreign(told.cause["source"]), " ", Foreign(told.cause["id"]))
