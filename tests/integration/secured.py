"""A Kafka and a Redis that let nobody in without TLS and a password, and the certificates that they and their clients show. All on 127.0.0.1."""

import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwk, jwt

from deploy.local.kafka import Kafka
from deploy.local.process import HOST, ask, free_port
from deploy.local.redis import Redis
from tests import clients

USER, PASSWORD = "medaid-services", "CANARY-kafka-5d1f"
REDIS_USER, REDIS_PASSWORD = "medaid-view", "CANARY-redis-77ac"
CLIENT_SECRET, AUDIENCE = "CANARY-oauth-91be", "kafka"
KEY_ID = "one"
DAY = timedelta(days=1)
LISTENERS = {
    **{protocol: protocol for protocol in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")},
    "CONTROLLER": "PLAINTEXT",
    "TOKEN": "SASL_SSL",
}
"""What each speaks."""


@dataclass(frozen=True)
class Shown:
    """A certificate with its key, PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; `file` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, self._name, self._key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)
        own = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(self._key, hashes.SHA256())
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, host: str = HOST, until: timedelta = DAY) -> Shown:
        """A certificate for `host`, until so long from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number(), now - 2 * DAY, now + until)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        shown = Shown(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        signed = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        shown.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        shown.key.touch(mode=0o600)
        shown.key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return shown


class Provider:
    """Gives tokens, and tells the key that they are signed with.

    Attributes:
        known: Clients that are given one, all by the same secret.
        given: How many each was given.
        audience: Whom they are for.
        lasts_s: How long each is good.
        forge: Makes another token of what it says, which the key has not signed.
    """

    def __init__(self) -> None:
        self.audience = AUDIENCE
        self.lasts_s = 3600
        self.forge: Callable[[Mapping[str, Any]], str] | None = None
        self.known = {USER}
        self.given: Counter[str] = Counter()
        self._key = jwk.RSAKey.generate_key(2048, {"kid": KEY_ID, "use": "sig", "alg": "RS256"})
        provider = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(200, {"keys": [provider._key.as_dict(private=False)]})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                who, _, secret = b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
                if who not in provider.known or secret != CLIENT_SECRET:
                    return self._say(401, {"error": "invalid_client"})
                provider.given[who] += 1
                return self._say(200, {"access_token": provider._token(who), "expires_in": provider.lasts_s, "token_type": "Bearer"})

            def _say(self, status: int, body: Mapping[str, Any]) -> None:
                told = orjson.dumps(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer((HOST, 0), Answers)
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def keys_url(self) -> str:
        """Where its key is."""
        return f"{self.url}/keys"

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    def _token(self, who: str) -> str:
        now = int(time.time())
        told = {"sub": who, "aud": self.audience, "iat": now, "exp": now + self.lasts_s, "iss": self.url}
        return self.forge(told) if self.forge else jwt.encode({"alg": "RS256", "kid": KEY_ID}, told, self._key)


class SecuredKafka(Kafka):
    """Listens in plain text for the tests' own clients, by SASL_SSL for ours, by SSL for who shows a certificate, and by SASL_PLAINTEXT."""

    def __init__(self, folder: Path, authority: Authority, shown: Shown, provider: Provider) -> None:
        super().__init__(folder)
        self._authority, self._shown, self._provider = authority, shown, provider
        self._sasl_port, self._tls_port, self._token_port, self._name_port = free_port(), free_port(), free_port(), free_port()

    def _forget_ports(self) -> None:
        super()._forget_ports()
        self._sasl_port, self._tls_port, self._token_port, self._name_port = free_port(), free_port(), free_port(), free_port()

    @property
    def by_sasl(self) -> str:
        """Host and port of SASL_SSL."""
        return f"{HOST}:{self._sasl_port}"

    @property
    def by_certificate(self) -> str:
        """Host and port of SSL, with a certificate of the client's own."""
        return f"{HOST}:{self._tls_port}"

    @property
    def by_token(self) -> str:
        """Host and port of SASL_SSL with OAUTHBEARER."""
        return f"{HOST}:{self._token_port}"

    @property
    def by_name(self) -> str:
        """Host and port of SASL_PLAINTEXT."""
        return f"{HOST}:{self._name_port}"

    @property
    def as_admin(self) -> dict[str, str]:
        """By which librdkafka's clients may do everything."""
        return {"bootstrap.servers": self.bootstrap_servers}

    def let_in(self, name: str, password: str) -> None:
        """Make or change a SCRAM user."""
        told = UserScramCredentialUpsertion(name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode())
        admin = clients.admin(self.as_admin)  # held, for its answers come later
        for answer in admin.alter_user_scram_credentials([told]).values():
            answer.result(timeout=30)

    def _settings(self) -> dict[str, str]:
        found = super()._settings()
        both = self.folder / "shown.pem"
        both.touch(mode=0o600)
        both.write_bytes(self._shown.key.read_bytes() + self._shown.certificate.read_bytes())
        places = f",SASL_SSL://{self.by_sasl},SSL://{self.by_certificate},TOKEN://{self.by_token},SASL_PLAINTEXT://{self.by_name}"
        bearer = "listener.name.token.oauthbearer.sasl"
        security = "org.apache.kafka.common.security"
        return found | {
            "listeners": found["listeners"] + places,
            "advertised.listeners": found["advertised.listeners"] + places,
            "listener.security.protocol.map": ",".join(f"{name}:{spoken}" for name, spoken in LISTENERS.items()),
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{security}.scram.ScramLoginModule required;",
            "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": f"{security}.scram.ScramLoginModule required;",
            "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
            f"{bearer}.jaas.config": f"{security}.oauthbearer.OAuthBearerLoginModule required;",
            f"{bearer}.server.callback.handler.class": f"{security}.oauthbearer.OAuthBearerValidatorCallbackHandler",
            f"{bearer}.oauthbearer.jwks.endpoint.url": self._provider.keys_url,
            f"{bearer}.oauthbearer.expected.audience": AUDIENCE,
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._authority.file),
        }

    def _command(self) -> Sequence[str]:
        command = list(super()._command())
        return [command[0], f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self._provider.keys_url}", *command[1:]]


class GuardedKafka(SecuredKafka):
    """Asks its access control lists about everybody but itself and who shows its own certificate; whoever comes in plain text is nobody."""

    @property
    def as_admin(self) -> dict[str, str]:
        return {
            "bootstrap.servers": self.by_certificate,
            "security.protocol": "SSL",
            "ssl.ca.location": str(self._authority.file),
            "ssl.certificate.location": str(self._shown.certificate),
            "ssl.key.location": str(self._shown.key),
        }

    def as_user(self, name: str) -> dict[str, str]:
        """How librdkafka's clients come in as a SCRAM user with `PASSWORD`."""
        return {
            "bootstrap.servers": self.by_sasl,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self._authority.file),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": name,
            "sasl.password": PASSWORD,
        }

    def _settings(self) -> dict[str, str]:
        found = super()._settings()
        plain = "listener.security.protocol.map"
        return found | {
            plain: found[plain].replace("CONTROLLER:PLAINTEXT", "CONTROLLER:SSL"),
            "listener.name.controller.ssl.client.auth": "required",
            "inter.broker.listener.name": "SSL",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": "User:CN=servers",
        }


class SecuredRedis(Redis):
    """Listens by TLS, and knows one user."""

    def __init__(self, folder: Path, authority: Authority, shown: Shown) -> None:
        super().__init__(folder)
        self._authority, self._shown = authority, shown
        self._plain_port = free_port()

    def _forget_ports(self) -> None:
        super()._forget_ports()
        self._plain_port = free_port()

    @property
    def url(self) -> str:
        """Its address by TLS, without a password."""
        return f"rediss://{HOST}:{self.port}/0"

    @property
    def variables(self) -> dict[str, str]:
        """By which a process of ours is let in."""
        files = {"REDIS_CAFILE": str(self._authority.file)}
        return {"REDIS_URL": self.url, "REDIS_USERNAME": REDIS_USER, "REDIS_PASSWORD": REDIS_PASSWORD, **files}

    @property
    def plain_url(self) -> str:
        """The same Redis in plain text, with all that a client needs to be let in."""
        return f"redis://{REDIS_USER}:{REDIS_PASSWORD}@{HOST}:{self._plain_port}/0"

    @property
    def whole_url(self) -> str:
        """The same with all that a client needs to be let in."""
        return f"rediss://{REDIS_USER}:{REDIS_PASSWORD}@{HOST}:{self.port}/0?ssl_ca_certs={self._authority.file}"

    def answers(self) -> bool:
        """Whether it takes commands, asked on the port for that, where nobody may do more than ask."""
        return ask((HOST, self._plain_port), b"PING\r\n").startswith((b"+PONG", b"-NOAUTH"))

    def _command(self) -> Sequence[str]:
        rights, follows = self.folder / "users.acl", self.folder / "follows.conf"
        rights.write_text(f"user default off\nuser {REDIS_USER} on >{REDIS_PASSWORD} ~* &* +@all\n")
        follows.write_text(f"tls-replication yes\nmasteruser {REDIS_USER}\nmasterauth {REDIS_PASSWORD}\n")
        ours = list(super()._command())
        ours[ours.index("--port") + 1] = str(self._plain_port)
        tls = ["--tls-port", str(self.port), "--tls-cert-file", str(self._shown.certificate), "--tls-key-file", str(self._shown.key)]
        trust = ["--tls-ca-cert-file", str(self._authority.file), "--tls-auth-clients", "no"]
        return [*ours, *tls, *trust, "--aclfile", str(rights), "--include", str(follows)]


def secured_url(server: Redis) -> str:
    """By which an operator's client is let in, secured or not."""
    return server.whole_url if isinstance(server, SecuredRedis) else server.url
