"""Early warnings, addressed to those who must act, and what operators did with them."""

from typing import Annotated, Self

from pydantic import Field, WithJsonSchema, model_validator

from schemas.codes import Agency, WarningKind, WarningLevel
from schemas.fields import Code, Id, Model, Number, Ordinal, Year, Yuan
from schemas.identity import Cause
from schemas.own_codes import Declared, schema_of


class Quantity(Model):
    """A named value: an amount in yuan, a share, a count or a date, as text."""

    name: str = Field(description="what is measured")
    value: str = Field(description="amounts with 2 decimals in yuan, shares with 4, counts and dates plain")


class Warning(Model):
    """`monitoring.warning.raised.v1`, `.escalated.v1`, `.resolved.v1`: of each `warning_id` the newest record counts.

    Raised again with the episode that is open, its measure (or threshold) has moved at the same level. A level that falls resolves the warning and
    raises it as the next episode. Where an operator has closed an episode (`closed_by`), the next one measures what has happened since.
    """

    warning_id: str = Field(description="kind/region/subject/year[/detail]")
    episode: Ordinal = Field(description="1, then 2, ... each time a cause returns")
    kind: WarningKind = Field(description="what is warned of")
    level: WarningLevel = Field(description="notice, warning or critical; of a resolution the last one")
    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year concerned")
    subject: Id = Field(description="person, or for a hospital's warning the hospital")
    audience: list[Annotated[Declared, WithJsonSchema(schema_of(Agency))]] = Field(description="agencies to tell")
    measure: Quantity = Field(description="what was found")
    threshold: Quantity = Field(description="what it is held against")
    evidence: list[str] = Field(max_length=50, description="settlement ids")
    clause: str | None = Field(default=None, description="clause of the decree that asks for the warning")
    message_zh: str = Field(description="one sentence for the reader, Chinese")
    message_en: str = Field(description="the same in English")
    closed_by: str | None = Field(default=None, description="of a resolution that an operator brought about: who he is")
    caused_by: Cause = Field(description="the event that led to it")


Name = Annotated[str, Field(min_length=1, max_length=128)]
"""Who acts, or whom a warning is given to, as the site's login knows him."""

Comment = Annotated[str, Field(min_length=1, max_length=2000)]
"""An operator's words. They are not for logs: a person may be named in them."""


class WarningAction(Model):
    """What an operator did with one episode of a warning; the first five fields are the warning's own."""

    warning_id: str = Field(min_length=1, max_length=1024, description="kind/region/subject/year[/detail]")
    kind: WarningKind = Field(description="what is warned of")
    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year concerned")
    subject: Id = Field(description="person, or for a hospital's warning the hospital; the record key")
    episode: Ordinal = Field(description="the episode that the operator saw")
    operator: Name = Field(description="who did it")
    comment: Comment | None = Field(default=None, description="in the operator's words")

    @property
    def home(self) -> str:
        """Whose lane decides it."""
        return self.subject

    @model_validator(mode="after")
    def _of_one_warning(self) -> Self:
        own = f"{self.kind}/{self.region}/{self.subject}/{self.year}"
        if self.warning_id != own and not self.warning_id.startswith(f"{own}/"):
            raise ValueError("a warning_id that begins with the same kind/region/subject/year")
        return self


class WarningAcknowledged(WarningAction):
    """`monitoring.action.acknowledged.v1`: somebody has seen the warning (签收)."""


class WarningAssigned(WarningAction):
    """`monitoring.action.assigned.v1`: the warning is given to somebody, or to nobody any more (指派)."""

    assignee: Name | None = Field(default=None, description="who shall act; absent or null: nobody any more")


class WarningCommented(WarningAction):
    """`monitoring.action.commented.v1`: a word on the warning (备注)."""

    comment: Comment = Field(description="in the operator's words")


class WarningClosed(WarningAction):
    """`monitoring.action.closed.v1`: the episode has been dealt with (办结).

    Monitoring resolves those that tell what happened (`conflicting_duplicate`, `recovery_due`); of any other kind the cause stands, and with it the warning.
    """


class HospitalShare(Model):
    """`monitoring.hospital.share.v1` (internal): one claim's part in its hospital's year, the newest revision counts."""

    hospital_id: Id = Field(description="fixmedins_code")
    region: Id = Field(description="the city")
    year: Year = Field(description="calendar year")
    claim: str = Field(description="<hospital_id>/<claim_id>")
    revision: Number = Field(description="of the settlement")
    counted: bool = Field(description="whether the stay counts: assisted person, in the county, not reversed")
    burden: Yuan = Field(description="personal burden, yuan (R25)")
    policy_scope: Yuan = Field(description="policy-scope amount, yuan")
    caused_by: Cause = Field(description="the event that led to it")

    @property
    def home(self) -> str:
        """Whose lane decides it."""
        return self.hospital_id
