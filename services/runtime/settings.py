"""Settings of a process, from the environment, checked once and frozen.

In: a mapping of environment variables. Out: `Settings`, or one line that names the variable and says what was expected there.
Not here: what is the same for every site (the modules' own constants), policies and topics (`schemas/`, `services/policy/`).
"""

import os
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, ValidationError

from services.runtime.connections import Connections
from services.runtime.halves import check_whole
from services.runtime.secret import Secret, WrongSetting

__all__ = ["LogLevel", "Settings", "WrongSetting", "describe", "refuse_former"]

LogLevel = Literal["debug", "info", "warning", "error"]
_DAY_MS = 86_400_000
_FORMER = {"MEDAID_THRESHOLDS": "call the file thresholds.yaml, and put it into the folder that MEDAID_POLICIES names"}
"""Variables of before, and what is to be done now: a site that goes on setting them must not be run otherwise than it means to."""


class Settings(Connections):
    """Everything that a process takes from its environment. Each field's description is what `--help` says."""

    prefix: str = Field(
        "",
        alias="MEDAID_PREFIX",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="before every topic, group, transactional id and Redis key",
    )
    partitions: int = Field(
        4, alias="MEDAID_PARTITIONS", ge=1, le=1000, description="partitions of each topic about persons; used by topics create alone"
    )
    health_host: str = Field(
        "127.0.0.1", alias="MEDAID_HEALTH_HOST", pattern=r"^\S+$", description="address on which health and metrics are served"
    )
    health_port: int = Field(
        0, alias="MEDAID_HEALTH_PORT", ge=0, le=65535, description="port of health and metrics; 0 takes a free one and prints it"
    )
    log_level: LogLevel = Field("info", alias="MEDAID_LOG_LEVEL", description="debug, info, warning or error")
    batch_records_max: int = Field(
        500, alias="MEDAID_BATCH_RECORDS_MAX", ge=1, le=10_000, description="records a lane settles in one transaction"
    )
    kafka_deadline_ms: int = Field(
        10_000, alias="MEDAID_KAFKA_DEADLINE_MS", ge=100, le=_DAY_MS, description="for each question to Kafka, milliseconds"
    )
    redis_deadline_ms: int = Field(
        5_000, alias="MEDAID_REDIS_DEADLINE_MS", ge=100, le=_DAY_MS, description="for each question to Redis, milliseconds"
    )
    release_ms_max: int = Field(
        5_000,
        alias="MEDAID_RELEASE_MS_MAX",
        ge=0,
        le=60_000,
        description="how long a batch in hand may take when a lane is given up, milliseconds",
    )
    session_ms: int = Field(
        10_000,
        alias="MEDAID_SESSION_MS",
        ge=1_000,
        le=300_000,
        description="after this silence a process has lost its lanes, milliseconds; Kafka allows 6000 at least, unless it is told otherwise",
    )
    heartbeat_ms: int = Field(
        1_000, alias="MEDAID_HEARTBEAT_MS", ge=100, le=60_000, description="between two heartbeats to Kafka, milliseconds"
    )
    policies: str = Field(
        "",
        alias="MEDAID_POLICIES",
        description="folder of the site's own policies, lists of hospitals and thresholds, besides the shipped ones or in their place; read at start",
    )
    readings: str = Field(
        "", alias="MEDAID_READINGS", description="readings of the decrees other than shipped: city.reading=value, several by commas"
    )
    publishers: str = Field(
        "", alias="MEDAID_PUBLISHERS", description="file of the publishers of this site, as deploy/kafka/publishers.yaml; empty: none"
    )
    kafka_users: str = Field(
        "",
        alias="MEDAID_KAFKA_USERS",
        description="who is who at Kafka: service=user, several by semicolons; medaid-identity, medaid-operator and so on unless given",
    )
    traces_endpoint: str = Field(
        "",
        alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        pattern=r"^(https?://[^\s@]+)?$",
        description="where traces go, by OTLP over HTTP, such as http://collector:4318; empty: none are made. OpenTelemetry's other variables count too",
    )
    pseudonym_key: str = Field(
        "", alias="MEDAID_PSEUDONYM_KEY", max_length=64, repr=False, description="key of the pseudonyms in logs; empty: one a process"
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read `environment`, the process's own by default; an empty variable counts as not set. Secrets may lie in files: the same name with `_FILE`.

        Raises:
            WrongSetting: A variable cannot be used, or is no longer read.
        """
        given = os.environ if environment is None else environment
        refuse_former(given)
        values: dict[str, str | Secret] = {name: given[name] for name in cls._variables() if given.get(name)}
        for name, is_read_again in cls._secrets().items():
            path = given.get(f"{name}_FILE")
            if path and name in values:
                raise WrongSetting(f"{name}: expected in one way, here or in the file that {name}_FILE names")
            if path:
                secret = Secret.in_file(f"{name}_FILE", path)
                values[name] = secret if is_read_again else secret.reveal()
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            raise WrongSetting(
                "; ".join(cls._complaint(str(found["loc"][0]), found["type"], found["msg"]) for found in error.errors())
            ) from None
        check_whole(settings)
        return settings

    @classmethod
    def _secrets(cls) -> Mapping[str, bool]:
        """The variables that hold secrets, and whether one in a file is read again at each connection."""
        return {str(field.alias): isinstance(field.default, Secret) for field in cls.model_fields.values() if not field.repr}

    @classmethod
    def _variables(cls) -> Mapping[str, str]:
        """Variable to what is expected in it."""
        return {str(field.alias): str(field.description) for field in cls.model_fields.values()}

    @classmethod
    def _complaint(cls, variable: str, kind: str, message: str) -> str:
        """What is wrong with a variable; pydantic's own message names the rule, not the value, and a pattern's only the pattern."""
        rule = "" if kind == "string_pattern_mismatch" else f" ({message[0].lower()}{message[1:]})"
        return f"{variable}: expected {cls._variables()[variable]}{rule}"


def refuse_former(environment: Mapping[str, str] = os.environ) -> None:
    """Whether nothing is set that was read once, and means something.

    Raises:
        WrongSetting: A variable is no longer read.
    """
    for name, now in _FORMER.items():
        if environment.get(name):
            raise WrongSetting(f"{name}: expected to be unset, it is no longer read; {now}")


def describe(settings: type[Settings] = Settings) -> str:
    """Every variable with its default and meaning, for `--help`."""
    lines = []
    for field in settings.model_fields.values():
        default = f" (default {field.default})" if field.default not in ("", Secret()) else ""
        file = "" if field.repr else f", {field.alias}_FILE"
        lines.append(f"{field.alias}{file}{default}\n    {field.description}")
    return "\n".join(lines)
