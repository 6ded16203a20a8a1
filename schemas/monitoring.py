"""Early warnings, addressed to those who must act."""

from pydantic import Field

from schemas.codes import Agency, WarningKind, WarningLevel
from schemas.fields import Code, Id, Model, Number, Ordinal, Year, Yuan
from schemas.identity import Cause


class Quantity(Model):
    """A named value: an amount in yuan, a share, a count or a date, as text."""

    name: str = Field(description="what is measured")
    value: str = Field(description="amounts with 2 decimals in yuan, shares with 4, counts and dates plain")


class Warning(Model):
    """`monitoring.warning.raised.v1`, `.escalated.v1`, `.resolved.v1`: of each `warning_id` the newest record counts.

    Raised again with the episode that is open, its measure (or threshold) has moved at the same level. A level that falls resolves the warning and
    raises it as the next episode.
    """

    warning_id: str = Field(description="kind/region/subject/year[/detail]")
    episode: Ordinal = Field(description="1, then 2, ... each time a cause returns")
    kind: WarningKind = Field(description="what is warned of")
    level: WarningLevel = Field(description="notice, warning or critical; of a resolution the last one")
    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year concerned")
    subject: Id = Field(description="person, or for a hospital's warning the hospital")
    audience: list[Agency] = Field(description="agencies to tell")
    measure: Quantity = Field(description="what was found")
    threshold: Quantity = Field(description="what it is held against")
    evidence: list[str] = Field(max_length=50, description="settlement ids")
    clause: str | None = Field(default=None, description="clause of the decree that asks for the warning")
    message_zh: str = Field(description="one sentence for the reader, Chinese")
    message_en: str = Field(description="the same in English")
    caused_by: Cause = Field(description="the event that led to it")


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
