"""What hospitals' HIS send: claims, reversals, admissions."""

import datetime
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from schemas.codes import Condition, InsuranceType, PaymentMethod, Referral, VisitType
from schemas.content import content_hash
from schemas.fields import Code, Day, Id, Personal, Yuan
from schemas.money import Fen
from schemas.own_codes import EVERY, NO_REGION, Regions, code_of, code_set, schema_of, stands_for_stay
from schemas.refusal import Fault, Refused

ZERO = Fen(0)
_OF_STAY, _OF_VISIT = ("admission_date", "discharge_date"), ("service_date",)
_KINDS = frozenset(get_args(VisitType))
Kind = Annotated[str, BeforeValidator(code_of(VisitType, "visit_kinds")), WithJsonSchema(schema_of(VisitType))]
Conditions = Annotated[
    tuple[str, ...],
    BeforeValidator(code_set(Condition, "conditions")),
    WithJsonSchema({"type": "array", "items": schema_of(Condition)}),
]


class ClaimSubmitted(Personal):
    """`hospital.claim.submitted.v1`: one bill after basic and critical-illness insurance, amounts in yuan."""

    claim_id: Id = Field(description="setl_id: the hospital's number of the bill")
    hospital_id: Id = Field(description="fixmedins_code: the hospital")
    region: Code = Field(description="whose fund assists")
    visit_type: Kind = Field(description="med_type: kind of visit")
    service_date: Day | None = Field(default=None, description="day of an outpatient visit")
    admission_date: Day | None = Field(default=None, description="first day of a stay")
    discharge_date: Day | None = Field(default=None, description="last day of a stay")
    insurance_type: InsuranceType = Field(description="insutype: resident 390, employee 310, none")
    conditions: Conditions = Field(default=(), description="marked diseases and drugs; order does not count")
    total_amount: Yuan = Field(description="medfee_sumamt: the whole bill, yuan")
    policy_scope_amount: Yuan = Field(description="inscp_scp_amt: the part within the insurance's scope, yuan")
    basic_paid: Yuan = Field(description="hifp_pay: paid by basic insurance, yuan")
    critical_illness_paid: Yuan = Field(description="hifmi_pay, hifob_pay: paid by critical-illness insurance, yuan")
    other_paid: Yuan = Field(
        default=ZERO,
        description="cvlserv_pay, hifes_pay, hifdm_pay, othfund_pay: paid by others before assistance, without assistance itself (never maf_pay), yuan",
    )
    above_basic_cap_amount: Yuan = Field(default=ZERO, description="part of self-pay that arose above the basic insurance's cap, yuan")
    consultation_fee: Yuan = Field(default=ZERO, description="诊察费 on the bill, yuan")
    referral: Referral = Field(default="local", description="local, referred 规范转诊, resettled 异地安置, unreferred 未按规定转诊")
    in_province: bool = Field(default=True, description="省域内就医")
    in_county: bool = Field(default=True, description="县域内就医")
    payment_method: PaymentMethod = Field(default="itemised", description="itemised, or package (单病种定额, 按床日)")
    birth_date: Day | None = Field(default=None, description="date of birth")
    applied_on: Day | None = Field(default=None, description="day on which assistance was applied for")
    district: Code | None = Field(default=None, description="insuplc_admdvs: the county fund that pays")
    visit_id: Id | None = Field(
        default=None, description="mdtrt_id: the hospital's number of the visit; several bills of one stay (中途结算) carry the same"
    )

    @property
    def key(self) -> str:
        """`<hospital_id>/<claim_id>`, the claim's key."""
        return f"{self.hospital_id}/{self.claim_id}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """What `wire` gives, made once, for many ask; not to be changed."""
        return super().wire()

    def wire(self) -> dict[str, Any]:
        """The normalised data as JSON carries it; one and the same object each time."""
        return self.content

    @cached_property
    def content_hash(self) -> str:
        """Equal for claims of equal content, whatever the form their amounts were sent in, and whichever version accepts them (`schemas/content.py`)."""
        return content_hash(self.content)

    @classmethod
    def accepted(cls, data: Mapping[str, Any]) -> "ClaimSubmitted":
        """A claim as the ledger keeps it. Fields that a later version added are passed over, codes that a region declared are taken.

        Raises:
            ValidationError: It is none.
        """
        return cls.model_validate(data, extra="ignore", context=EVERY)

    @property
    def is_stay(self) -> bool:
        """Whether it is of a stay. A kind of visit that a region declared tells by its dates, which `check_dates` has held against it."""
        kind = self.visit_type
        return kind == "inpatient" or (kind not in _KINDS and self.discharge_date is not None)

    @property
    def date(self) -> datetime.date:
        """The day the claim counts on: of service, for a stay of discharge.

        Raises:
            ValueError: `check_dates` has not looked at it.
        """
        if self.visit_type != "inpatient" and self.service_date is not None:
            return self.service_date
        day = self.discharge_date if self.is_stay else None
        if day is None:
            raise ValueError("dates were not checked")
        return day

    @property
    def first_date(self) -> datetime.date:
        """Of a stay the admission, else the day of service. Only after `check_dates`."""
        return self.admission_date if self.admission_date is not None and self.is_stay else self.date


class ClaimReversed(Personal):
    """`hospital.claim.reversed.v1`: a bill is taken back; it may come before its claim."""

    claim_id: Id = Field(description="setl_id: the hospital's number of the bill")
    hospital_id: Id = Field(description="fixmedins_code: the hospital")
    region: Code = Field(description="whose fund assists")
    reason: str = Field(min_length=1, max_length=500, description="why, in the hospital's words or code")

    @property
    def key(self) -> str:
        """`<hospital_id>/<claim_id>`, the claim's key."""
        return f"{self.hospital_id}/{self.claim_id}"


class AdmissionOpened(Personal):
    """`hospital.admission.opened.v1`: a stay begins."""

    admission_id: Id = Field(description="the hospital's number of the admission")
    hospital_id: Id = Field(description="fixmedins_code: the hospital")
    region: Code = Field(description="the city of the person's assistance")
    admission_date: Day = Field(description="first day of the stay")
    referred_by_primary_care: bool = Field(description="基层首诊转诊")
    in_city: bool = Field(description="市域内定点医疗机构")


class AdmissionClosed(Personal):
    """`hospital.admission.closed.v1`: a stay ends; it may come before its opening."""

    admission_id: Id = Field(description="the hospital's number of the admission")
    hospital_id: Id = Field(description="fixmedins_code: the hospital")
    region: Code = Field(description="the city of the person's assistance")
    discharge_date: Day = Field(description="last day of the stay")


def check_dates(claim: ClaimSubmitted, event_day: datetime.date, own: Regions = NO_REGION) -> None:
    """Whether the claim has the dates of its kind of visit, in order, none later than `event_day` (of the event's time, +08:00), nor the birth than the visit.

    Args:
        claim: Its codes are known.
        event_day: The day of the event's time.
        own: What regions declare.

    Raises:
        Refused: `invalid_dates`, with every date at fault.
    """
    faults: list[Fault] = []
    stay = stands_for_stay(own, claim.region, claim.visit_type)
    kind = f"{'' if stay else 'not '}{'' if claim.visit_type in _KINDS else 'like '}inpatient"
    wanted, other = (_OF_STAY, _OF_VISIT) if stay else (_OF_VISIT, _OF_STAY)
    first, last = getattr(claim, wanted[0]), getattr(claim, wanted[-1])
    for name in wanted:
        if getattr(claim, name) is None:
            faults.append(Fault(f"data.{name}", f"a date, for visit_type is {kind}"))
    for name in other:
        if getattr(claim, name) is not None:
            faults.append(Fault(f"data.{name}", f"no date, for visit_type is {kind}"))
    if first and last and last < first:
        faults.append(Fault("data.discharge_date", "a day not before admission_date"))
    for name in (*wanted, "birth_date", "applied_on"):
        day = getattr(claim, name)
        if day is not None and day > event_day:
            faults.append(Fault(f"data.{name}", "a day not later than the day of the event's time in +08:00"))
    if claim.birth_date and first and first < claim.birth_date <= event_day:
        faults.append(Fault("data.birth_date", f"a day not later than the first day of the visit, {wanted[0]}"))
    if faults:
        raise Refused("invalid_dates", *faults[0], faults[1:])
