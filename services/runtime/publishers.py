"""Who may write from outside, and what: the publishers of a site, from a file such as `deploy/kafka/publishers.yaml`.

In: the file's text. Out: `Publisher`s, each with its types and regions filled in. Promise: what could not be meant is refused, all of it at once, with
file, line and key. Not here: what the file as a whole must not say (`publisher_checks.py`), rights in Kafka (`services/access/`).
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from schemas.own_codes import NO_REGION, Regions
from schemas.topics import types_on
from schemas.tree import FileError, parse
from services.runtime.publisher_checks import faults_of

Right = Literal["entitlement"]
"""What a publisher may ask besides: a person's entitlement on a day (待遇资格)."""

RATE_MAX: Final = 10_000
_PART = r"[A-Za-z][A-Za-z0-9.-]*=(?:[^,\\]|\\.)+"
RATE: Final = f"requests a second, a whole number from 1 to {RATE_MAX}"


def _text(pattern: str, expected: str) -> AfterValidator:
    """Texts of this form only."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


def kafka_user(text: str) -> str:
    """`text`, the name of a user of Kafka.

    Raises:
        ValueError: It names nobody, everybody, or a type before the name.
    """
    if (
        not 1 <= len(text) <= 255
        or not text.isprintable()
        or text != text.strip()
        or text in ("*", "ANONYMOUS")
        or text.startswith("User:")
    ):
        raise ValueError(
            "a Kafka user, without User: its SCRAM name, its token's subject, or its certificate's, such as CN=hospital-07,O=…"
        )
    return text


def _listed(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise ValueError("a list with one entry at least")
    return tuple(value)


def _number(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{0,5}", value) or int(value) > RATE_MAX:
        raise ValueError(RATE)
    return int(value)


def _right(value: object) -> object:
    if value != "entitlement":
        raise ValueError("entitlement, the one right that there is besides")
    return value


Listed: Final = BeforeValidator(_listed)
Name = Annotated[str, _text(r"[a-z0-9][a-z0-9-]{0,62}", "1 to 63 of a-z, 0-9 and -, not beginning with -")]
User = Annotated[str, AfterValidator(kafka_user)]
Digest = Annotated[str, AfterValidator(str.lower), _text(r"[0-9a-f]{64}", "the SHA-256 of a key, 64 hexadecimal digits")]
Subject = Annotated[str, _text(rf"{_PART}(?:, *{_PART})*", "the subject of a certificate, such as CN=hospital-07,O=…")]


class Publisher(BaseModel):
    """One publisher.

    Attributes:
        name: What it is called.
        sources: What it may speak for: the `source` of its events.
        topics: Where it may write, without prefix.
        types: Which events it may send; of all its topics unless given.
        regions: Of which cities; all that have a policy unless given.
        kafka_user: Who it is at Kafka; empty: it does not come there.
        key_sha256: Of the keys by which the intake knows it; several, so that one can be changed without a gap.
        certificate: Subject of the certificate by which the intake knows it.
        rate: Requests a second that the intake takes of it.
        rights: What else it may ask.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    sources: Annotated[tuple[str, ...], Listed]
    topics: Annotated[tuple[str, ...], Listed]
    types: Annotated[tuple[str, ...], Listed] = ()
    regions: Annotated[tuple[str, ...], Listed] = ()
    kafka_user: User = ""
    key_sha256: Annotated[tuple[Digest, ...], Listed] = ()
    certificate: Subject = ""
    rate: Annotated[int, BeforeValidator(_number)] = 100
    rights: Annotated[tuple[Annotated[Right, BeforeValidator(_right)], ...], Listed] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    publishers: list[Publisher]


def load_publishers(path: Path, regions: Collection[str], users: Collection[str] = (), own: Regions = NO_REGION) -> Sequence[Publisher]:
    """The publishers in the file `path`; `regions` are the cities that have a policy, `users` our services at Kafka, `own` what cities declare.

    Raises:
        FileError: It cannot be read, or any fault, all of them, a line each.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FileError(f"{path}:1: (file): a file that can be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise FileError(f"{path}:1: (file): UTF-8") from None
    return read_publishers(str(path), text, regions, users, own)


def read_publishers(
    name: str, text: str, regions: Collection[str], users: Collection[str] = (), own: Regions = NO_REGION
) -> Sequence[Publisher]:
    """The publishers in `text`; `name` stands in the faults.

    Raises:
        FileError: Any fault, all of them, a line each.
    """
    tree = parse(name, text)
    faults = list(faults_of(tree, regions, users, own))
    publishers: Sequence[Publisher] = ()
    try:
        publishers = _File.model_validate(tree.data).publishers
    except ValidationError as error:
        faults += tree.faults(error)
    if faults:
        raise FileError("\n".join(tree.fault(*fault) for fault in sorted(faults, key=lambda fault: tree.line(fault[0]))))
    return [_whole(publisher, regions) for publisher in publishers]


def _whole(publisher: Publisher, regions: Collection[str]) -> Publisher:
    """With what it may send where the file says nothing: everything."""
    types = publisher.types or tuple(kind for topic in publisher.topics for kind in types_on(topic))
    return publisher.model_copy(update={"types": types, "regions": publisher.regions or tuple(sorted(regions))})
