"""The rules of a policy that are sentences rather than tables: institutions, self-pay, entitlement, bars, watching."""

from collections.abc import Callable, Iterator, Mapping

from services.policy.decree_people import agencies, conditions, premium, times_of, visit_kinds
from services.policy.decree_words import Passage, listed, shares, when
from services.policy.loader import Policy
from services.policy.words import Speech


def _rule(title: str, clause: str | None, *sentences: str) -> Passage:
    return Passage(title, clause, sentences)


def _designated(policy: Policy, speech: Speech) -> Iterator[Passage]:
    if policy.designated is None:
        sentence = speech.pick("未附定点名单：所有机构均视为定点", "no list of designated institutions: all institutions pass")
    else:
        count = len(policy.designated)
        sentence = speech.pick(
            f"附定点名单，共 {count} 家；不在名单内的不予救助", f"a list of {count} designated institutions; at others nothing is assisted"
        )
    yield _rule(speech.pick("定点医疗机构", "Designated institutions"), policy.file.designated.clause, sentence)


def _self_pay(policy: Policy, speech: Speech) -> Iterator[Passage]:
    rules = policy.file.self_pay
    sentences = [
        speech.pick(
            "S = 政策范围内费用 - 基本医保 - 大病保险 - 其他支付",
            "S = within the scope - basic insurance - critical-illness insurance - others",
        )
    ]
    if rules.uninsured:
        share = shares(rules.uninsured.percent)
        sentences.append(
            speech.pick(
                f"未参加基本医保：S = 总费用的 {share}（{rules.uninsured.clause}）",
                f"without basic insurance: S = {share} of the whole bill ({rules.uninsured.clause})",
            )
        )
    else:
        sentences.append(speech.pick("未参加基本医保的不予救助", "without basic insurance nothing is assisted"))
    if rules.package:
        sentences.append(
            speech.pick(
                f"按病种定额或按床日付费：S = 总费用 - 基本医保 - 大病保险（{rules.package.clause}）",
                f"package payment: S = the whole bill - basic - critical-illness insurance ({rules.package.clause})",
            )
        )
    day = speech.pick(
        {"discharge": "出院日", "admission": "入院日"}[rules.stay_year],
        {"discharge": "discharge", "admission": "admission"}[rules.stay_year],
    )
    sentences.append(speech.pick(f"住院按{day}计入年度", f"a stay counts in the year of its {day}"))
    sentences.append(
        speech.pick(
            "分以下" + {"half_up": "四舍五入", "down": "舍去"}[rules.rounding],
            {"half_up": "rounded half up", "down": "rounded down"}[rules.rounding] + " to 0.01 yuan",
        )
    )
    yield _rule(speech.pick("自付费用", "Self-pay"), None, *sentences)


def _entitlement(policy: Policy, speech: Speech) -> Iterator[Passage]:
    rules = policy.file.entitlement
    grants = {
        "immediately": ("认定生效之日起享受", "a grant entitles from its day on"),
        "next_month": ("认定次月起享受", "a grant entitles from the next month on"),
    }
    losses = {
        "immediately": ("退出之日起不再享受", "a loss ends it at once"),
        "next_month": ("退出次月起不再享受", "a loss ends it with the month"),
    }
    stays = {
        "touching_day": ("住院期间任一日具有身份即覆盖全程", "a status on any day of a stay covers all of it"),
        "admission_day": ("入院日具有身份方覆盖住院", "a status on the day of admission covers a stay"),
    }
    changes = {
        "highest": ("住院期间类别变化的就高", "changed during a stay: the higher"),
        "new_category": ("住院期间类别变化的，全程按新类别", "changed during a stay: all of it under the new one"),
    }
    chosen = [grants[rules.grant_takes_effect], losses[rules.loss_takes_effect], stays[rules.stay_coverage], changes[rules.change_in_stay]]
    if rules.cross_agency_change == "counts_as_change":
        chosen.append(("不同部门一取消一认定，视为类别变化", "a loss and a grant by two agencies in a stay count as a change"))
    if rules.fraud_voids_stay:
        chosen.append(("弄虚作假被取消的，当次住院不予救助", "withdrawn for fraud: a stay not ended before it is not covered"))
    chosen.append(
        ("死亡后宽限期仍有效", "a month of grace outlives a death") if rules.death_grace else ("死亡之日终止", "a death ends it that day")
    )
    sentences = [speech.pick(*words) for words in chosen]
    sentences += [
        speech.pick(f"{code} 于认定当年12月31日期满（{clause}）", f"{code} ends on 31 December of its year ({clause})")
        for code, clause in rules.expires_at_year_end.items()
    ]
    sentences += times_of(policy, speech)
    yield _rule(speech.pick("享受救助的时间", "When a status entitles"), rules.clause, *sentences)


def _reclass(policy: Policy, speech: Speech) -> Iterator[Passage]:
    for rule in policy.file.reclass:
        yield _rule(f"{rule.klass} -> {rule.becomes}", rule.clause, when(rule.when, speech))


def _bars(policy: Policy, speech: Speech) -> Iterator[Passage]:
    for bar in policy.file.bars:
        yield _rule(
            speech.pick("不予救助", "Not assisted") + f": {bar.reason}",
            bar.clause,
            f"{when(bar.when, speech)}: {speech.say(f'reason.{bar.reason}')}",
        )


def _fee(policy: Policy, speech: Speech) -> Iterator[Passage]:
    rule = policy.file.consultation_fee
    if rule is not None:
        visits = listed([speech.say(visit) for visit in rule.visit_types])
        yield _rule(speech.pick("免收诊察费", "Consultation fee waived"), rule.clause, visits)


def _deposit(policy: Policy, speech: Speech) -> Iterator[Passage]:
    sentence = speech.pick(
        "市域内基层首诊转诊住院，上表所列类别免交押金", "within the city after a primary-care referral, for the categories marked above"
    )
    yield _rule(speech.pick("先诊疗后付费", "No deposit on admission"), policy.file.deposit_waiver.clause, sentence)


def _ratio(policy: Policy, speech: Speech) -> Iterator[Passage]:
    rule = policy.file.hospital_ratio
    if rule is not None:
        share = shares(rule.limit_percent)
        basis = {
            "personal_burden": ("政策范围内负担", "burden within the scope"),
            "with_out_of_scope": ("含政策范围外费用", "with what is out of scope"),
        }[rule.basis]
        sentence = speech.pick(
            f"县域内住院个人负担占政策范围内费用不超过 {share}",
            f"of in-county stays at most {share} of the policy-scope amount is left to the person",
        )
        yield _rule(speech.pick("医疗机构费用控制", "Hospital control"), rule.clause, f"{sentence} ({speech.pick(*basis)})")


def _watch(policy: Policy, speech: Speech) -> Iterator[Passage]:
    rule = policy.file.early_warning
    burden = (
        speech.pick("救助后的负担", "the burden after assistance")
        if rule.burden_basis == "after_assistance"
        else speech.pick("救助前的负担", "the burden before assistance")
    )
    yield _rule(
        speech.pick("监测预警", "Early warning"), rule.clause, f"{burden}; {listed([speech.agency(agency) for agency in rule.audience])}"
    )


def _diseases(policy: Policy, speech: Speech) -> Iterator[Passage]:
    for known in policy.file.disease_lists.values():
        diseases = known.diseases
        names = [f"{code} {name}" for code, name in diseases.items()] if isinstance(diseases, Mapping) else list(diseases)
        yield _rule(speech.label(known.label), known.clause, listed(names))


RULES: Mapping[str, Callable[[Policy, Speech], Iterator[Passage]]] = {
    "premium_subsidy": premium,
    "conditions": conditions,
    "agencies": agencies,
    "visit_kinds": visit_kinds,
    "designated": _designated,
    "self_pay": _self_pay,
    "entitlement": _entitlement,
    "reclass": _reclass,
    "bars": _bars,
    "consultation_fee": _fee,
    "deposit_waiver": _deposit,
    "hospital_ratio": _ratio,
    "early_warning": _watch,
    "disease_lists": _diseases,
}
"""Key of a policy file to what is said of it."""
