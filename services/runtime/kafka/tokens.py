"""Tokens for SASL/OAUTHBEARER, by client credentials (RFC 6749, 4.4), renewed before they end; and Kafka's refusal of one, which aiokafka overlooks.

Kafka answers a token that it does not take with a text instead of an error (RFC 7628, 3.2.2); aiokafka passes over it and waits until its deadline.
"""

import asyncio
from typing import Any

from aiokafka import conn
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import OAuthAuthenticator
from aiokafka.errors import KafkaError

from services.runtime.connections import Connections
from services.runtime.secret import WrongSetting

TOKEN_S = 5.0
"""So long the provider has to answer."""

RENEWED_AFTER = 0.8
"""After so much of its life a token is renewed; one that does not say how long it lives is asked for at each connection."""


class NoToken(KafkaError):  # type: ignore[misc]
    """The provider gives no token, or Kafka does not take it; the text says why, and holds no secret."""


class Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """The tokens of one process, shared by its connections."""

    def __init__(self, settings: Connections) -> None:
        self._settings = settings
        self._token = ""
        self._renewed_at_s = 0.0

    async def token(self) -> str:
        """A token that has not ended.

        Raises:
            NoToken: The provider gives none.
        """
        now_s = asyncio.get_running_loop().time()
        if not self._token or now_s >= self._renewed_at_s:
            token, life_s = await self._fetched()
            self._token, self._renewed_at_s = token, now_s + RENEWED_AFTER * life_s
        return self._token

    def forget(self) -> None:
        """Ask for another at the next connection."""
        self._token = ""

    async def _fetched(self) -> tuple[str, float]:
        """A new token, and how many seconds it lives.

        Raises:
            NoToken: There is none.
        """
        import httpx2  # loaded only where tokens are used

        asked = {"grant_type": "client_credentials"}
        if self._settings.kafka_sasl_oauth_scope:
            asked["scope"] = self._settings.kafka_sasl_oauth_scope
        try:
            who = (self._settings.kafka_sasl_oauth_client_id, self._settings.kafka_sasl_oauth_client_secret.reveal())
            async with httpx2.AsyncClient(timeout=TOKEN_S) as client:
                answer = await client.post(self._settings.kafka_sasl_oauth_token_url, data=asked, auth=who)
        except WrongSetting as wrong:
            raise NoToken(str(wrong)) from None
        except httpx2.HTTPError as error:
            raise NoToken(f"KAFKA_SASL_OAUTH_TOKEN_URL cannot be reached ({type(error).__name__})") from None
        if answer.status_code != 200:
            raise NoToken(
                f"KAFKA_SASL_OAUTH_TOKEN_URL gives no token ({answer.status_code}): KAFKA_SASL_OAUTH_CLIENT_ID, KAFKA_SASL_OAUTH_CLIENT_SECRET"
            )
        try:
            told = answer.json()
            return str(told["access_token"]), float(told.get("expires_in", 0))
        except (ValueError, TypeError, LookupError, AttributeError):
            raise NoToken("KAFKA_SASL_OAUTH_TOKEN_URL answers something else than a token") from None


class _Heeding(OAuthAuthenticator):  # type: ignore[misc]
    """aiokafka's, which heeds what Kafka answers to a token."""

    async def step(self, payload: bytes | None) -> Any:
        if self._token_sent and payload:
            if isinstance(self._sasl_oauth_token_provider, Tokens):
                self._sasl_oauth_token_provider.forget()
            raise NoToken("its token is refused: KAFKA_SASL_OAUTH_SCOPE, and what Kafka expects of issuer, audience and key")
        return await super().step(payload)


def heed_refused_tokens() -> None:
    """Let every connection of this process notice a refused token, from now on. May be repeated."""
    conn.OAuthAuthenticator = _Heeding
