"""The words for the contract's codes, in Chinese and English, for people who read a decree and not our code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from services.policy.parts import Label

Lang = Literal["zh", "en"]
Words = Mapping[str, tuple[str, str]]

_VISITS: Final[Words] = {
    "outpatient": ("普通门诊", "ordinary outpatient visit"),
    "outpatient_chronic": ("门诊慢性病", "chronic outpatient visit"),
    "outpatient_special": ("门诊特殊病", "special outpatient visit"),
    "inpatient": ("住院", "stay in hospital"),
}
_CLAIM: Final[Words] = {
    "resident": ("城乡居民医保", "resident insurance"),
    "employee": ("职工医保", "employee insurance"),
    "none": ("未参加基本医保", "no basic insurance"),
    "local": ("本地就医", "treated locally"),
    "referred": ("规范转诊", "referred by the rules"),
    "resettled": ("异地安置", "resettled elsewhere"),
    "unreferred": ("未按规定转诊", "not referred by the rules"),
    "package": ("按病种定额或按床日付费", "package payment"),
}
_CONDITIONS: Final[Words] = {
    "acute_necrotizing_pancreatitis": ("急性坏死性胰腺炎", "acute necrotizing pancreatitis"),
    "aids": ("艾滋病", "AIDS"),
    "als": ("渐冻症", "ALS"),
    "autism": ("自闭症", "autism"),
    "chronic_myeloid_leukemia": ("慢粒细胞白血病", "chronic myeloid leukemia"),
    "dialysis": ("透析", "dialysis"),
    "gist_unresectable": ("不能切除或转移的胃肠道间质瘤", "unresectable GIST"),
    "hemophilia": ("血友病", "hemophilia"),
    "late_schistosomiasis": ("晚期血吸虫病", "late schistosomiasis"),
    "lupus": ("红斑狼疮", "lupus"),
    "malignant_tumour": ("恶性肿瘤", "malignant tumour"),
    "psychosis": ("精神病", "psychosis"),
    "rare_disease": ("罕见病", "rare disease"),
    "tilt_chronic": ("倾斜救助慢性病", "chronic disease with tilt"),
    "transplant_anti_rejection": ("器官移植抗排异", "transplant anti-rejection"),
    "tuberculosis": ("肺结核", "tuberculosis"),
    "tumour_radiochemotherapy": ("恶性肿瘤放化疗", "tumour radiochemotherapy"),
    "uremia": ("尿毒症", "uremia"),
}
_REASONS: Final[Words] = {
    "no_policy_in_force": ("就医当日没有有效的救助办法", "no decree was in force on the day"),
    "not_enrolled": ("未参加基本医保", "the person has no basic insurance"),
    "not_designated": ("就医机构不是定点机构", "the hospital is not designated"),
    "no_entitlement": ("就医期间不具有救助身份", "no status entitled the person at the time"),
    "figures_not_published": ("该类对象的标准未公布", "the figures for this category are not published"),
    "category_without_direct_assistance": ("该类对象不享受直接救助", "this category gets no direct assistance"),
    "application_required": ("须依申请救助，未见申请", "assistance must be applied for, and was not"),
    "unreferred": ("未按规定转诊，不予救助", "not referred by the rules, so not assisted"),
    "visit_type_not_covered": ("该类就医不在救助范围", "this kind of visit is not covered"),
    "no_self_pay": ("政策范围内没有个人自付费用", "nothing within the policy's scope is left to pay"),
    "below_deductible": ("未超过起付标准", "the deductible is not exceeded"),
    "limit_exhausted": ("救助限额已用完", "the limit is used up"),
}
_LOSSES: Final[Words] = {
    "ordinary": ("退出", "ended"),
    "fraud": ("因弄虚作假取消", "withdrawn for fraud"),
    "death": ("死亡", "death"),
    "changed": ("类别变化", "changed"),
    "expiry": ("期满", "expired"),
}
_VERBS: Final[Words] = {
    "completed": ("首次结算", "settled"),
    "adjusted": ("重新结算", "settled anew"),
    "reversed": ("冲销", "reversed"),
}
_BASES: Final[Words] = {
    "self_pay": ("政策范围内自付费用", "self-pay"),
    "self_pay_below_cap": ("基本医保封顶线以下的自付费用", "self-pay below the basic insurance's cap"),
    "above_cap": ("基本医保封顶线以上的自付费用", "self-pay above the basic insurance's cap"),
    "burden_left": ("直接救助后余下的负担", "what direct assistance leaves"),
    "excess_over_limit": ("超出年度限额的部分", "what exceeds the limit of the year"),
    "whole_burden": ("个人负担总额（含政策范围外）", "all that is left to the person, within the scope and beyond"),
}
_DECREE: Final[Words] = {
    "subsidy.full": ("全额", "full"),
    "subsidy.fixed": ("定额", "fixed amount"),
    "subsidy.none": ("不资助", "none"),
    "counts.payment": ("基金支付", "payments"),
    "counts.self_pay": ("自付费用", "self-pay"),
    "counts.deductible": ("起付标准", "deductible"),
    "counts.burden": ("个人负担", "burden"),
    "counts.assisted": ("已计入的部分", "part assisted"),
    "counts.times": ("次数", "times"),
    "grade.tertiary": ("三级医院", "tertiary hospital"),
    "grade.secondary": ("二级医院", "secondary hospital"),
    "grade.primary": ("一级医院", "primary hospital"),
    "grade.ungraded": ("未定级医疗机构", "ungraded institution"),
}
_ALL: Final[Words] = {
    **_DECREE,
    **_VISITS,
    **_CLAIM,
    **_CONDITIONS,
    **{f"reason.{code}": words for code, words in _REASONS.items()},
    **{f"lost.{code}": words for code, words in _LOSSES.items()},
    **{f"verb.{code}": words for code, words in _VERBS.items()},
    **{f"base.{code}": words for code, words in _BASES.items()},
}


@dataclass(frozen=True, slots=True)
class Speech:
    """One of the two languages. `own`: names of codes that a region declared, an agency's under `agency.<code>`."""

    lang: Lang
    own: Mapping[str, Label] = field(default_factory=dict, compare=False)

    def of(self, own: Mapping[str, Label]) -> "Speech":
        """The same language, in a region that has names of its own."""
        return Speech(self.lang, own)

    def pick(self, zh: str, en: str) -> str:
        """The text in this language."""
        return zh if self.lang == "zh" else en

    def say(self, code: str) -> str:
        """The words for a code of the contract or of the region; one without words is said as it is."""
        if code in _ALL:
            return self.pick(*_ALL[code])
        return self.label(self.own[code]) if code in self.own else code.rpartition(".")[2]

    def agency(self, code: str) -> str:
        """An agency: by its code, which senders write, one of the region's own by its name."""
        return self.say(f"agency.{code}")

    def label(self, label: Label) -> str:
        """A name from a policy file."""
        return self.pick(label.zh, label.en)


def percent(rate_bp: int) -> str:
    """A rate in basis points as a percentage: 8500 is "85%", 8550 "85.5%"."""
    return f"{rate_bp // 100}.{rate_bp % 100:02d}".rstrip("0").rstrip(".") + "%"
