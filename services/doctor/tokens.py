"""Whether Kafka takes forged tokens: Kafka 4.1.0 and 4.1.1 did, and so does any that was set to take unsigned ones. It is tried.

Kafka does not say of which release it is, so it is shown our own token with another signature, and without one. Both name nobody but us; a Kafka that
is in order refuses them, and writes a line about a failed authentication into its log. Who has no token cannot try: he is told of the line of releases alone.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError

from services.doctor.cluster import Cluster
from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site
from services.runtime.kafka.clients import security_of

FORGEABLE = "4.1"
_MEND = "Kafka 4.1.2 or later (not 4.1.0, 4.1.1), and a validator of tokens that checks signatures (sasl.oauthbearer.jwks.endpoint.url)"


class _Forged(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is untyped
    """One token, whoever asks."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """It."""
        return self._token


async def forged(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Whether a token is taken that nobody has signed."""
    security, is_of_line = security_of(site.settings), cluster.line == FORGEABLE
    if "sasl_oauth_token_provider" not in security:
        what = f"Kafka is of the line {FORGEABLE}: 4.1.0 and 4.1.1 take forged tokens where a listener takes any (OAUTHBEARER)"
        return [warn("kafka.tokens", what, f"see to it that it is {_MEND}")] if is_of_line else []
    parts = (await security["sasl_oauth_token_provider"].token()).split(".")
    if len(parts) != 3:
        line = f", which is of the line {FORGEABLE}: 4.1.0 and 4.1.1 take forged ones" if is_of_line else ""
        return [
            warn("kafka.tokens", f"tokens are no JWTs, so that no forged one can be shown to Kafka{line}", f"see to it that it is {_MEND}")
        ]
    for forgery in forgeries(parts):
        if await _is_taken(site, {**security, "sasl_oauth_token_provider": _Forged(forgery)}):
            return [fail("kafka.tokens", "Kafka takes a forged token: anybody may be anyone", _MEND)]
    return [ok("kafka.tokens", "Kafka refuses our token without its signature, and with another")]


def forgeries(parts: Sequence[str]) -> Sequence[str]:
    """A token with another signature, and without one; of each the claims are ours."""
    header, claims, signature = parts
    none = urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    another = signature[::-1] if signature != signature[::-1] else "A" * len(signature)
    return (f"{header}.{claims}.{another}", f"{none}.{claims}.")


async def _is_taken(site: Site, security: dict[str, object]) -> bool:
    host, _, port = site.settings.kafka_bootstrap_servers.split(",")[0].rpartition(":")
    try:
        connection = await create_conn(host, int(port), request_timeout_ms=site.settings.kafka_deadline_ms, **security)
    except KafkaError:
        return False
    connection.close()
    return True
