"""What somebody wants to try, as the console hands it on."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from services.ledger.reform.given import Patch
from services.policy.tree import Reading


class Wish(BaseModel):
    """Figures and readings of a region set otherwise. `year`: None is all years; `name`: what the report calls it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    year: int | None = None
    name: str = ""
    figures: Mapping[str, str | None] = Field(default_factory=dict)
    readings: Mapping[str, Reading] = Field(default_factory=dict)

    def patch(self) -> Patch:
        """As the laboratory takes it."""
        return Patch(self.name, self.figures, self.readings)
