"""The one place that says how clients of Kafka reach it, and what a client that does not reach it is told.

In: settings. Out: the arguments that every client is made with; `start`. Promise: a wrong password, a certificate that
does not fit or a host name that is another's is told for what it is: aiokafka says "unable to bootstrap" of all of them.
"""

import asyncio
import ssl
from functools import cache
from typing import Any, Protocol

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.admin import SaslHandShakeRequest

from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.kafka.tokens import NoToken, Tokens, heed_refused_tokens
from services.runtime.secret import WrongSetting

ALERT_S = 2.0
"""So long a server has to say that it does not take our certificate."""

_NO_MECHANISM = "NONE"
"""No way of giving a name: whoever is asked for it names those that there are."""


class Client(Protocol):
    """What is started: a consumer, a producer, an admin client."""

    async def start(self) -> None:
        """Connect."""


def security_of(settings: Connections) -> dict[str, Any]:
    """How a connection is secured, as aiokafka takes it; secrets as they stand now.

    Raises:
        Doubt: The file of a secret or certificate cannot be used just now.
    """
    try:
        security: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol, "ssl_context": settings.kafka_tls()}
        if settings.kafka_uses_sasl:
            security["sasl_mechanism"] = settings.kafka_sasl_mechanism
        if settings.kafka_uses_sasl and settings.kafka_sasl_mechanism == "OAUTHBEARER":
            security["sasl_oauth_token_provider"] = _tokens(settings)
        elif settings.kafka_uses_sasl:
            security["sasl_plain_username"] = settings.kafka_sasl_username
            security["sasl_plain_password"] = settings.kafka_sasl_password.reveal()
    except WrongSetting as wrong:
        raise Doubt(str(wrong), "kafka") from None
    return security


@cache
def _tokens(settings: Connections) -> Tokens:
    """One for all connections of a process."""
    heed_refused_tokens()
    return Tokens(settings)


def reaching(settings: Connections) -> dict[str, Any]:
    """What every client is made with: where Kafka is, and how its connections are secured."""
    return {"bootstrap_servers": settings.kafka_bootstrap_servers, **security_of(settings)}


async def start(client: Client, settings: Connections, request_ms: int) -> None:
    """Connect `client`.

    Raises:
        KafkaConnectionError: Kafka is away.
        Doubt: It is there and does not let us in; the text says why.
    """
    try:
        await client.start()
    except KafkaConnectionError as error:
        if why := await why_not(settings, request_ms):
            raise Doubt(f"kafka: {why}", "kafka") from error
        raise


async def why_not(settings: Connections, request_ms: int) -> str:
    """Why Kafka does not let us in, asked of each server in turn; empty where none says so: then it is away."""
    for place in settings.kafka_bootstrap_servers.split(","):
        host, _, port = place.rpartition(":")
        try:
            connection = await create_conn(host, int(port), request_timeout_ms=request_ms, **security_of(settings))
        except (OSError, KafkaError, TimeoutError) as error:
            why = _told(error, settings) or await _looked_into(host, int(port), settings)
        else:
            why = await nameless(connection, settings)
            connection.close()
        if why:
            return f"{place}: {why}"
    return ""


async def nameless(connection: Any, settings: Connections) -> str:
    """What a server on whose connection we gave no name says to that; empty where it takes us without.

    Without a name it answers two questions, what it speaks and how names are given, and hangs up at any other.
    """
    if settings.kafka_uses_sasl:
        return ""
    try:
        answer = await connection.send(SaslHandShakeRequest(_NO_MECHANISM))
    except (OSError, KafkaError, TimeoutError):
        return ""
    if answer.error_code != UnsupportedSaslMechanismError.errno:
        return ""  # a server that asks for no name calls the question out of place
    protocol = "SASL_SSL" if settings.kafka_uses_tls else "SASL_PLAINTEXT"
    return f"it hangs up on who gives no name: KAFKA_SECURITY_PROTOCOL={protocol}, by {' or '.join(answer.enabled_mechanisms)}"


async def _looked_into(host: str, port: int, settings: Connections) -> str:
    """What a handshake shows of a server that let us not in without a word; empty where nothing."""
    if settings.kafka_uses_tls:
        return _told(await _alert(host, port, settings), settings)
    return "it speaks TLS: KAFKA_SECURITY_PROTOCOL=SASL_SSL or SSL" if await _speaks_tls(host, port) else ""


async def _alert(host: str, port: int, settings: Connections) -> ssl.SSLError | None:
    """What a server says that takes the connection and not our certificate: by TLS 1.3 that comes after the handshake, and aiokafka drops it."""
    try:
        async with asyncio.timeout(ALERT_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=settings.kafka_tls())
            try:
                await reader.read(1)
            finally:
                writer.transport.abort()
    except ssl.SSLError as error:
        return error
    except (OSError, TimeoutError, WrongSetting):
        return None
    return None


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a server shows a certificate. None is trusted, so nothing more is said to it."""
    try:
        async with asyncio.timeout(ALERT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
            writer.transport.abort()
    except ssl.SSLCertVerificationError:
        return True
    except (OSError, TimeoutError):
        return False
    return True


def _told(error: BaseException | None, settings: Connections) -> str:
    """What an error of a first connection means, in words; empty where it may pass by itself."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted ({error.verify_message}): look at KAFKA_SSL_CAFILE, the host's name and the clock"
        case ssl.SSLError():
            return f"TLS was refused ({error.reason}): look at KAFKA_SSL_CERTFILE, and whether this port speaks TLS"
        case SaslAuthenticationFailed() | AuthenticationFailedError():
            return f"name or password refused for {settings.kafka_sasl_username} ({settings.kafka_sasl_mechanism}): KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD"
        case NoToken():
            return str(error.args[0])
        case UnsupportedSaslMechanismError():
            return f"it does not take {settings.kafka_sasl_mechanism}: KAFKA_SASL_MECHANISM"
        case _:
            return ""
