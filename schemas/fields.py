"""The kinds of field that events are made of, and the base of every model: frozen, strict, no unknown field."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from schemas.money import EXPECTED, YUAN_MAX, Fen, fen_from_yuan, fen_of_sum, signed_fen, yuan_text
from schemas.times import EXPECTED_DAY, EXPECTED_INSTANT, YEAR_MAX, YEAR_MIN, day_from_text, instant_ns

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""An id of a person, hospital, claim or admission."""

Code = Annotated[str, Field(min_length=1, max_length=64)]
"""A code whose list is policy data (region, category); unknown ones have refusal reasons of their own."""

Year = Annotated[int, Field(ge=YEAR_MIN, le=YEAR_MAX)]
"""A calendar year."""

Number = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A number in a row that begins with 0: as far as every reader of JSON counts exactly."""

Ordinal = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""A number in a row that begins with 1."""

_MONEY_IN = {
    "x-unit": f"yuan; {EXPECTED}",
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": YUAN_MAX},  # multipleOf 0.01 would be tested in floats, and fail for 33.35
        {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"},
    ],
}
_MONEY_OUT = {"x-unit": "yuan", "type": "string", "pattern": r"^[0-9]{1,10}\.[0-9]{2}$"}
_DIFFERENCE = {"x-unit": "yuan", "type": "string", "pattern": r"^-?[0-9]{1,10}\.[0-9]{2}$"}

Yuan = Annotated[
    Fen,
    BeforeValidator(fen_from_yuan),
    PlainSerializer(yuan_text),
    WithJsonSchema(_MONEY_IN, mode="validation"),
    WithJsonSchema(_MONEY_OUT, mode="serialization"),
]
"""An amount: yuan on the wire, fen inside."""

YuanSum = Annotated[Fen, BeforeValidator(fen_of_sum), PlainSerializer(yuan_text), WithJsonSchema(_MONEY_OUT)]
"""A sum of amounts, text with two decimals. Its published form has ten digits before the point, which no real year comes near; ours is read with more, for
bills that are each below the limit may add up to more, and a ledger must stay readable whatever hospitals bill.
"""

SignedYuan = Annotated[Fen, BeforeValidator(signed_fen), PlainSerializer(yuan_text), WithJsonSchema(_DIFFERENCE)]
"""A difference of amounts, text with two decimals."""


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError(EXPECTED_DAY)
    return day_from_text(value)


_DAY = {"type": "string", "format": "date", "x-unit": "day in +08:00, from 1900 to 2100"}

Day = Annotated[date, BeforeValidator(_day), PlainSerializer(date.isoformat), WithJsonSchema(_DAY)]
"""A local day in +08:00."""


def _instant(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(EXPECTED_INSTANT)
    instant_ns(value)
    return value


Instant = Annotated[str, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant with offset, as the sender wrote it."""


class Model(BaseModel):
    """Base of every `data` object: what is unknown is refused, null counts as absent, nothing is coerced."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            return {name: value for name, value in data.items() if value is not None}
        return data

    def wire(self) -> dict[str, Any]:
        """The normalised data as JSON carries it: defaults filled in, money as text, absent fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Personal(Model):
    """Base of every `data` object about one person."""

    person_id: Id = Field(description="psn_no: the person")

    @property
    def home(self) -> str:
        """Whose lane decides it."""
        return self.person_id
