"""How a process reaches Kafka and Redis, and proves who it is: that part of its settings.

In: variables. Out: `Connections`, on which `Settings` stands. Not here: what belongs together (`halves.py`), making clients (`kafka/clients.py`,
`redis_client.py`).
"""

import ssl
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.runtime.secret import Secret
from services.runtime.tls import context_of

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"]
SecretText = Annotated[Secret, BeforeValidator(lambda given: given if isinstance(given, Secret) else Secret(given))]


class Connections(BaseModel):
    """The variables that say how servers are reached. Fields that hold secrets are not shown (`repr`), and may be given as files (`_FILE`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, arbitrary_types_allowed=True)

    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092",
        alias="KAFKA_BOOTSTRAP_SERVERS",
        pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$",
        description="host:port of Kafka, several by commas",
    )
    kafka_security_protocol: SecurityProtocol = Field(
        "PLAINTEXT", alias="KAFKA_SECURITY_PROTOCOL", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: SaslMechanism = Field(
        "SCRAM-SHA-512", alias="KAFKA_SASL_MECHANISM", description="SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or OAUTHBEARER; with SASL alone"
    )
    kafka_sasl_username: str = Field("", alias="KAFKA_SASL_USERNAME", description="name of this process at Kafka; with SASL alone")
    kafka_sasl_password: SecretText = Field(Secret(), alias="KAFKA_SASL_PASSWORD", repr=False, description="its password")
    kafka_sasl_oauth_token_url: str = Field(
        "", alias="KAFKA_SASL_OAUTH_TOKEN_URL", pattern=r"^(https?://\S+)?$", description="where OAUTHBEARER's tokens are asked for"
    )
    kafka_sasl_oauth_client_id: str = Field("", alias="KAFKA_SASL_OAUTH_CLIENT_ID", description="who asks for them")
    kafka_sasl_oauth_client_secret: SecretText = Field(
        Secret(), alias="KAFKA_SASL_OAUTH_CLIENT_SECRET", repr=False, description="by which secret"
    )
    kafka_sasl_oauth_scope: str = Field("", alias="KAFKA_SASL_OAUTH_SCOPE", description="for which scope, if the provider wants one")
    kafka_ssl_cafile: str = Field(
        "", alias="KAFKA_SSL_CAFILE", description="PEM file of the authorities that Kafka's certificate may come from; empty: the machine's"
    )
    kafka_ssl_certfile: str = Field(
        "", alias="KAFKA_SSL_CERTFILE", description="PEM file of a certificate of this process's own (mTLS); with KAFKA_SSL_KEYFILE"
    )
    kafka_ssl_keyfile: str = Field("", alias="KAFKA_SSL_KEYFILE", description="PEM file of its key, which others cannot read")
    kafka_ssl_key_password: SecretText = Field(
        Secret(), alias="KAFKA_SSL_KEY_PASSWORD", repr=False, description="what its key is encrypted with"
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        alias="REDIS_URL",
        pattern=r"^(rediss?|unix)://\S+$",
        repr=False,
        description="redis://host:port/database; rediss:// by TLS, unix:// by a socket",
    )
    redis_username: str = Field("", alias="REDIS_USERNAME", description="name of this process at Redis; with REDIS_PASSWORD")
    redis_password: SecretText = Field(
        Secret(), alias="REDIS_PASSWORD", repr=False, description="password at Redis, where it is not in REDIS_URL"
    )
    redis_cafile: str = Field(
        "", alias="REDIS_CAFILE", description="PEM file of the authorities that Redis' certificate may come from; empty: the machine's"
    )
    redis_certfile: str = Field(
        "", alias="REDIS_CERTFILE", description="PEM file of a certificate of this process's own; with REDIS_KEYFILE"
    )
    redis_keyfile: str = Field("", alias="REDIS_KEYFILE", description="PEM file of its key, which others cannot read")
    redis_sentinels: str = Field(
        "",
        alias="REDIS_SENTINELS",
        pattern=r"^([^\s,/;]+:\d{1,5}(,[^\s,/;]+:\d{1,5})*)?$",
        description="host:port of each Redis Sentinel, by commas: most of them say where the primary is, not REDIS_URL; asked by TLS with rediss://",
    )
    redis_sentinel_master: str = Field(
        "", alias="REDIS_SENTINEL_MASTER", pattern=r"^[\w.-]*$", description="what they call the primary; with REDIS_SENTINELS"
    )
    redis_sentinel_username: str = Field(
        "",
        alias="REDIS_SENTINEL_USERNAME",
        description="name of this process at the sentinels, which are told no other name or password than these",
    )
    redis_sentinel_password: SecretText = Field(
        Secret(), alias="REDIS_SENTINEL_PASSWORD", repr=False, description="password at the sentinels, where they ask for one"
    )

    @property
    def kafka_uses_tls(self) -> bool:
        """Whether Kafka is reached by TLS."""
        return self.kafka_security_protocol in ("SSL", "SASL_SSL")

    @property
    def kafka_uses_sasl(self) -> bool:
        """Whether Kafka asks for a name and password."""
        return self.kafka_security_protocol.startswith("SASL_")

    @property
    def redis_uses_tls(self) -> bool:
        """Whether Redis is reached by TLS, and its sentinels too."""
        return self.redis_url.startswith("rediss://")

    def kafka_tls(self) -> ssl.SSLContext | None:
        """The context of connections to Kafka, which checks certificate and host name; None without TLS.

        Raises:
            WrongSetting: A file cannot be used.
        """
        if not self.kafka_uses_tls:
            return None
        return context_of(
            "KAFKA_SSL_", self.kafka_ssl_cafile, self.kafka_ssl_certfile, self.kafka_ssl_keyfile, self.kafka_ssl_key_password.reveal
        )
