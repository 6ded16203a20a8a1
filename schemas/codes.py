"""The closed lists of codes of the contract. Categories and regions are data of the policy files, not of this module."""

from typing import Literal

VisitType = Literal["outpatient", "outpatient_chronic", "outpatient_special", "inpatient"]
"""med_type: 普通门诊, 门诊慢性病, 门诊特殊病, 住院."""

InsuranceType = Literal["resident", "employee", "none"]
"""insutype: 390 城乡居民, 310 城镇职工, not insured."""

Referral = Literal["local", "referred", "resettled", "unreferred"]
"""本地, 规范转诊, 异地安置, 未按规定转诊."""

PaymentMethod = Literal["itemised", "package"]
"""按项目; 单病种定额 or 按床日."""

Agency = Literal[
    "civil-affairs",
    "veterans-affairs",
    "trade-union",
    "disabled-persons-federation",
    "rural-revitalization",
    "healthcare-security",
]

LossReason = Literal["ordinary", "fraud", "death"]

LostBy = Literal["ordinary", "fraud", "death", "changed", "expiry"]

Condition = Literal[
    "acute_necrotizing_pancreatitis",
    "aids",
    "als",
    "autism",
    "chronic_myeloid_leukemia",
    "dialysis",
    "gist_unresectable",
    "hemophilia",
    "late_schistosomiasis",
    "lupus",
    "malignant_tumour",
    "psychosis",
    "rare_disease",
    "tilt_chronic",
    "transplant_anti_rejection",
    "tuberculosis",
    "tumour_radiochemotherapy",
    "uremia",
]

Outcome = Literal["assisted", "not_assisted", "reversed"]

NotAssisted = Literal[
    "no_policy_in_force",
    "not_enrolled",
    "not_designated",
    "no_entitlement",
    "figures_not_published",
    "category_without_direct_assistance",
    "application_required",
    "unreferred",
    "visit_type_not_covered",
    "no_self_pay",
    "below_deductible",
    "limit_exhausted",
]
"""Why a claim gets nothing, in the order in which they are tested."""

HospitalGrade = Literal["tertiary", "secondary", "primary", "ungraded"]
"""三级, 二级, 一级, 未定级."""

ComponentKind = Literal["direct", "above_cap", "reassistance", "tilt"]
"""直接救助, 超封顶线救助, 再救助, 倾斜救助."""

Subsidy = Literal["full", "fixed", "none"]
SubsidyReason = Literal["already_enrolled", "category_without_subsidy", "figures_not_published"]
AdmissionReason = Literal["no_policy_in_force", "no_entitlement", "category_without_waiver", "not_in_city", "no_primary_care_referral"]

WarningKind = Literal[
    "impoverishment_risk",
    "return_to_poverty_risk",
    "annual_limit_near",
    "annual_limit_reached",
    "hospital_self_pay_ratio",
    "status_ending",
    "status_changed_in_stay",
    "overlapping_stays",
    "reversal_waiting",
    "claim_after_death",
    "conflicting_duplicate",
    "recovery_due",
]
WarningLevel = Literal["notice", "warning", "critical"]
