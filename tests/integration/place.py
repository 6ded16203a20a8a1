"""A secured Kafka and Redis with what our processes must be told to be let in: by a password, a token, a certificate of their own."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.integration.secured import (
    CLIENT_SECRET,
    PASSWORD,
    USER,
    Authority,
    Provider,
    SecuredKafka,
    SecuredRedis,
    Shown,
)


class Place:
    """A Kafka, which is started, a Redis, the certificates, and the variables by which our processes reach them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.own = self.authority.sign("servers")
        self.provider = Provider()
        self.kafka = SecuredKafka(folder / "kafka", self.authority, self.own, self.provider)
        self.redis = SecuredRedis(folder / "redis", self.authority, self.own)
        self.password = folder / "password"
        self.password.touch(mode=0o600)
        self.password.write_text(PASSWORD + "\n")

    def __enter__(self) -> Self:
        self.kafka.start()
        self.kafka.let_in(USER, PASSWORD)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kafka.stop()
        self.provider.close()

    @property
    def variables(self) -> dict[str, str]:
        """For a process of ours."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.by_sasl,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD_FILE": str(self.password),
            "KAFKA_SSL_CAFILE": str(self.authority.file),
            **self.redis.variables,
            "MEDAID_KAFKA_DEADLINE_MS": "8000",
        }


def by_certificate(place: Place, shown: Shown | None) -> Mapping[str, str]:
    """What a process has that shows a certificate instead of a password."""
    without = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_BOOTSTRAP_SERVERS": place.kafka.by_certificate}
    files = {} if shown is None else {"KAFKA_SSL_CERTFILE": str(shown.certificate), "KAFKA_SSL_KEYFILE": str(shown.key)}
    return {**without, "KAFKA_SECURITY_PROTOCOL": "SSL", **files}


def by_token(kafka: SecuredKafka, provider: Provider, who: str = USER) -> dict[str, str]:
    """What a process has that shows a token instead of a password."""
    without = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": ""}
    asked = {"TOKEN_URL": f"{provider.url}/token", "CLIENT_ID": who, "CLIENT_SECRET": CLIENT_SECRET}
    tokens = {f"KAFKA_SASL_OAUTH_{name}": value for name, value in asked.items()}
    return {**without, **tokens, "KAFKA_BOOTSTRAP_SERVERS": kafka.by_token, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}
