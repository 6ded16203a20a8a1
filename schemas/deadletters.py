"""Dead letters: what was refused, whole, and why."""

import base64

from pydantic import Field

from schemas.fields import Model
from schemas.refusal import FAULTS_MAX, Reason

__all__ = ["DeadLetter", "FaultTold", "Header", "Reason", "original"]


class Header(Model):
    """A header of the refused record."""

    name: str = Field(description="its name")
    value: str | None = Field(default=None, description="its value, text or base64; null where it had none")
    encoding: str | None = Field(default=None, description="base64 where the value could not be kept as text")


class FaultTold(Model):
    """One thing that was wrong with the record."""

    path: str = Field(description="dotted path of the field, or what the record lacks")
    expected: str = Field(description="what was expected there, and how to mend it where that is known; never what was found")


class DeadLetter(Model):
    """`deadletter.v1`: a refused record with its bytes and place."""

    reason: Reason = Field(description="the contract's code")
    detail: str = Field(description="which field, and what was expected, of the first fault; never what was found")
    faults: list[FaultTold] = Field(
        default_factory=list,
        max_length=FAULTS_MAX,
        description="all faults of the stage at which it was refused; letters of before have none",
    )
    topic: str | None = Field(default=None, description="where it lay; null for a line that fits no topic")
    partition: int | None = Field(default=None, description="where it lay")
    offset: int = Field(ge=0, description="where it lay; of a line its number from 0")
    key: str | None = Field(default=None, description="its key, text or base64; of a longer one the first 64 KiB")
    key_encoding: str | None = Field(default=None, description="base64 where the key could not be kept as text")
    headers: list[Header] = Field(default_factory=list, description="its headers, in order, those that find room in 32 KiB")
    headers_left_out: int = Field(default=0, ge=0, description="how many headers found no room")
    payload: str | None = Field(
        default=None, description="its value, text or base64; of one over 256 KiB the first 64 KiB; null for a tombstone"
    )
    payload_encoding: str | None = Field(default=None, description="base64 where the value could not be kept as text")
    length: int | None = Field(default=None, description="bytes of a value over 256 KiB")
    sha256: str | None = Field(default=None, description="hash of a value over 256 KiB, hexadecimal")


def original(text: str | None, encoding: str | None) -> bytes | None:
    """The bytes that a letter holds as text or base64.

    Raises:
        ValueError: They are not base64, though it says so.
    """
    if text is None:
        return None
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
