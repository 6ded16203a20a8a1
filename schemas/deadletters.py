"""Dead letters: what was refused, whole, and why."""

from pydantic import Field

from schemas.fields import Model
from schemas.refusal import Reason

__all__ = ["DeadLetter", "Header", "Reason"]


class Header(Model):
    """A header of the refused record."""

    name: str = Field(description="its name")
    value: str = Field(description="its value, text or base64")
    encoding: str | None = Field(default=None, description="base64 where it was no UTF-8")


class DeadLetter(Model):
    """`deadletter.v1`: a refused record with its bytes and place."""

    reason: Reason = Field(description="the contract's code")
    detail: str = Field(description="which field, and what was expected")
    topic: str | None = Field(default=None, description="where it lay; null for a line that fits no topic")
    partition: int | None = Field(default=None, description="where it lay")
    offset: int = Field(ge=0, description="where it lay; of a line its number from 0")
    key: str | None = Field(default=None, description="its key, text or base64")
    key_encoding: str | None = Field(default=None, description="base64 where the key was no UTF-8")
    headers: list[Header] = Field(default_factory=list, description="its headers, in order")
    payload: str | None = Field(
        default=None, description="its value, text or base64; of a too large one the first 64 KiB; null for a tombstone"
    )
    payload_encoding: str | None = Field(default=None, description="base64 where the value was no UTF-8")
    length: int | None = Field(default=None, description="bytes of a too large value")
    sha256: str | None = Field(default=None, description="hash of a too large value")
