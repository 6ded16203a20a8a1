"""An explanation in words, Chinese or English, for whoever must tell a citizen why. Amounts in yuan with two decimals, as on the ledger."""

from collections.abc import Iterator

from schemas.money import yuan_text
from services.policy.course import Draw, Payment
from services.policy.entitlement import Interval
from services.policy.explain import Explanation, Mattered, Told
from services.policy.loader import Policy
from services.policy.model import PolicyFile
from services.policy.terms import at
from services.policy.tree import reading_text
from services.policy.words import Lang, percent, say


def explanation_text(found: Explanation, lang: Lang) -> str:
    """The explanation as lines of text."""
    return "\n".join(_Text(found, lang).lines()) + "\n"


class _Text:
    """The lines in one language; `_(zh, en)` picks."""

    def __init__(self, found: Explanation, lang: Lang) -> None:
        self._found = found
        self._lang = lang
        self._settlement = found.settlement
        self._file: PolicyFile | None = found.settlement.policy.file if found.settlement.policy else None

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield from self._self_pay()
        yield from self._statuses()
        yield from self._categories()
        yield from self._payments()
        yield from self._readings()
        yield from self._counters()
        yield from self._history()

    def _(self, zh: str, en: str) -> str:
        return zh if self._lang == "zh" else en

    def _label(self, label: object) -> str:
        return str(getattr(label, self._lang))

    def _head(self) -> Iterator[str]:
        claim, dossier, settled = self._found.claim, self._found.dossier, self._settlement
        days = f"{claim.date}" if claim.first_date == claim.date else f"{claim.first_date} - {claim.date}"
        facts = [say(self._lang, claim.visit_type), days, say(self._lang, claim.insurance_type), say(self._lang, claim.referral)]
        place = self._(f"{dossier.year}年第{self._found.sequence}笔", f"claim {self._found.sequence} of {dossier.year}")
        yield f"{claim.key}: {dossier.person_id}, {dossier.region}, {place}"
        yield "  " + self._("，", ", ").join([*facts, *claim.conditions])
        yield "  " + self._policy(settled.policy)
        yield ""
        yield self._result()

    def _policy(self, policy: Policy | None) -> str:
        if policy is None:
            return self._("没有有效的救助办法", "no decree in force")
        draft = self._("（征求意见稿）", " (a draft)") if policy.file.status == "draft" else ""
        version = self._("标准自", "figures of ") + str(self._settlement.version)
        return f"{policy.file.document.number}{draft}, {version}, {self._('版本', 'edition')} {policy.edition}"

    def _result(self) -> str:
        settled = self._settlement
        paid, own = yuan_text(settled.assistance_fen), yuan_text(settled.self_pay_fen)
        left = yuan_text(settled.self_pay_fen - settled.assistance_fen)
        if settled.is_reversed:
            return self._("结果：已冲销，原因：", "Result: reversed, because: ") + str(self._found.reversed_for)
        if settled.reason is not None:
            why = say(self._lang, f"reason.{settled.reason}") + self._clause_of_bar(settled.reason)
            return self._(f"结果：不予救助（{settled.reason}：{why}）；个人负担 {left} 元", f"Result: not assisted ({settled.reason}: {why}); {left} yuan stays with the person")
        return self._(f"结果：救助 {paid} 元，自付 {own} 元中个人负担 {left} 元", f"Result: {paid} yuan of assistance; of {own} yuan self-pay {left} yuan stays with the person")

    def _clause_of_bar(self, reason: str) -> str:
        bars = self._file.bars if self._file else ()
        return next((f", {bar.clause}" for bar in bars if bar.reason == reason), "")

    def _self_pay(self) -> Iterator[str]:
        claim, settled = self._found.claim, self._settlement
        if settled.is_reversed:
            return
        own = yuan_text(settled.self_pay_fen)
        rules = self._file.self_pay if self._file else None
        yield ""
        yield self._("自付费用 S", "Self-pay S")
        if rules and rules.uninsured and claim.insurance_type == "none" and settled.version:
            share = percent(at(rules.uninsured.percent, settled.version))
            total = yuan_text(claim.total_amount)
            yield f"  {own} = {share} x {self._('总费用', 'the whole bill')} {total} ({rules.uninsured.clause}: {say(self._lang, 'none')})"
            return
        paid = [(self._("基本医保", "basic insurance"), claim.basic_paid), (self._("大病保险", "critical-illness insurance"), claim.critical_illness_paid)]
        package = rules is not None and rules.package is not None and claim.payment_method == "package" and claim.insurance_type != "none"
        if rules and rules.package and package:
            start = f"{self._('总费用', 'the whole bill')} {yuan_text(claim.total_amount)}"
            clause = f" ({rules.package.clause}: {say(self._lang, 'package')})"
        else:
            start, clause = f"{self._('政策范围内费用', 'within the scope')} {yuan_text(claim.policy_scope_amount)}", ""
            paid.append((self._("其他支付", "others"), claim.other_paid))
        yield f"  {own} = {start}" + "".join(f" - {name} {yuan_text(fen)}" for name, fen in paid) + clause
