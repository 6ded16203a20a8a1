"""What the ledger carries, and what operators ask of it. Amounts are yuan with two decimals on the wire, fen inside."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from schemas.codes import ComponentKind, Outcome, VisitType
from schemas.fields import Code, Id, Model, Number, Ordinal, Personal, SignedYuan, Year, Yuan, YuanSum
from schemas.identity import Cause
from schemas.own_codes import Declared, schema_of


class PolicyUsed(Model):
    """The policy that a claim was settled under."""

    id: str = Field(description="the region's code")
    version: str = Field(description="latest figure date at or before the claim's date")
    edition: str = Field(description="content hash of all that settles in file and readings; names and lists for the reader are not in it")
    status: str = Field(description="in_force or draft")
    readings: dict[str, str | bool | None] = Field(description="open readings: name to value")


class Component(Model):
    """One payment of the fund."""

    kind: ComponentKind = Field(description="direct, above_cap, reassistance or tilt")
    clause: str = Field(description="clause of the decree, as printed")
    base: Yuan = Field(description="what the rate applies to, after deductible and self-pay pools, yuan")
    rate: str = Field(pattern=r"^[01]\.[0-9]{2,4}$", description="a share")
    amount: Yuan = Field(description="paid, yuan")
    limited_by: str | None = Field(default=None, description="the counter that bound tightest")


class Candidate(Model):
    """What a covering category would have given."""

    category: Code = Field(description="救助对象类别")
    assistance_amount: Yuan = Field(description="total on this claim, yuan")
    reason: str | None = Field(default=None, description="why it gives nothing")


class SettlementResult(Personal):
    """`settlement.completed.v1`, `.adjusted.v1`, `.reversed.v1`: one revision of one claim's settlement."""

    settlement_id: str = Field(description="<hospital_id>/<claim_id>/<revision>; also the event's id")
    hospital_id: Id = Field(description="fixmedins_code")
    claim_id: Id = Field(description="setl_id")
    region: Id = Field(description="whose fund pays")
    district: Code | None = Field(default=None, description="insuplc_admdvs: which county's")
    year: Year = Field(description="calendar year the claim counts in")
    visit_type: Annotated[Declared, WithJsonSchema(schema_of(VisitType))] = Field(description="med_type")
    sequence: Ordinal = Field(description="place among the accepted claims of person, region and year")
    revision: Number = Field(description="0 first, then 1, 2, ...")
    outcome: Outcome = Field(description="assisted, not_assisted or reversed")
    reason: str | None = Field(default=None, description="null when assisted; of a reversal the sender's")
    category: Code | None = Field(default=None, description="category settled by")
    policy: PolicyUsed | None = Field(default=None, description="null without a policy in force")
    self_pay: Yuan = Field(description="S, policy-scope self-pay, yuan")
    deductible: Yuan = Field(description="起付线 used up by this claim, yuan")
    components: list[Component] = Field(description="payments above 0, in order")
    assistance_amount: Yuan = Field(description="maf_pay: their sum, yuan")
    personal_burden: Yuan = Field(description="self_pay - assistance_amount, yuan; 0 where the fund pays beyond the scope as well")
    consultation_fee_waived: Yuan = Field(description="诊察费 waived, not paid by the fund, yuan")
    claim: dict[str, Any] = Field(description="the claim's data as accepted, after defaults")
    delta: SignedYuan = Field(description="assistance_amount less that of the revision before, yuan")
    counters: dict[str, YuanSum] = Field(description="the person-year's counters after the causing event, yuan")
    candidates: list[Candidate] = Field(description="every covering category, in the policy's order")
    caused_by: Cause = Field(description="the event that led to this revision")


class ReadjudicationRequested(Personal):
    """`operator.readjudication.requested.v1`: settle a person-year anew under the present edition of its policy."""

    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year")
    operator: str = Field(min_length=1, max_length=128, description="who asks")
    reason: str = Field(min_length=1, max_length=500, description="why")


class YearBehind(Personal):
    """`settlement.year.behind.v1` (internal): a person-year that could not be settled anew when it was due; a tombstone says that it was since."""

    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year")
    edition: str | None = Field(default=None, description="policy edition that the year stands under")
    readings: dict[str, str | bool | None] = Field(description="its open readings: name to value")
    caused_by: Cause = Field(description="the first event that it was not settled by")
    time: str = Field(description="time of that event")


class WaitingReversal(Model):
    """`settlement.reversal.waiting.v1` (internal): a reversal that waits for its claim; a tombstone ends it."""

    reversal: dict[str, Any] = Field(description="data of the reversal")
    caused_by: Cause = Field(description="its event")
    time: str = Field(description="time of its event")
