"""Tokens that nobody may take: what they say is right, and the provider has not signed it."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from joserfc import jwk, jwt

from tests.integration.secured import KEY_ID


def by_another_key(told: Mapping[str, Any], **header: Any) -> str:
    """Signed by a key that the provider does not know, under the name of the one that it has."""
    return jwt.encode({"alg": "RS256", "kid": KEY_ID, **header}, dict(told), STRANGER)


def unsigned(told: Mapping[str, Any]) -> str:
    parts = ({"alg": "none", "kid": KEY_ID}, told)
    return ".".join(urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in parts) + "."


STRANGER = jwk.RSAKey.generate_key(2048)
FORGERIES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "another key under the same name": by_another_key,
    "its own key in its head": lambda told: by_another_key(told, jwk=STRANGER.as_dict(private=False)),
    "no signature": unsigned,
}
"""Kafka 4.1.0 and 4.1.1 take all that is signed, whoever signed it."""
