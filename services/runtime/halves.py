"""What belongs together in the settings of connections: half of it is refused at start, by the name of the variable that is missing or too much."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from services.runtime.connections import Connections
from services.runtime.secret import WrongSetting
from services.runtime.tls import context_of


def check_whole(settings: Connections) -> None:
    """Whether what belongs together is there, and certificates can be used.

    Raises:
        WrongSetting: A variable is missing, too much, or names a file that cannot be used.
    """
    _check_sasl(settings)
    _check_kafka_tls(settings)
    _check_redis(settings)
    _check_sentinels(settings)


def _check_sasl(settings: Connections) -> None:
    by_token = settings.kafka_uses_sasl and settings.kafka_sasl_mechanism == "OAUTHBEARER"
    by_password = settings.kafka_uses_sasl and not by_token
    passwords = {"KAFKA_SASL_USERNAME": settings.kafka_sasl_username, "KAFKA_SASL_PASSWORD": settings.kafka_sasl_password}
    tokens = {
        "KAFKA_SASL_OAUTH_TOKEN_URL": settings.kafka_sasl_oauth_token_url,
        "KAFKA_SASL_OAUTH_CLIENT_ID": settings.kafka_sasl_oauth_client_id,
        "KAFKA_SASL_OAUTH_CLIENT_SECRET": settings.kafka_sasl_oauth_client_secret,
    }
    scope = {"KAFKA_SASL_OAUTH_SCOPE": settings.kafka_sasl_oauth_scope}
    sasl = "KAFKA_SECURITY_PROTOCOL=SASL_SSL or SASL_PLAINTEXT"
    _all_or_none(passwords, by_password, f"{sasl} and another mechanism than OAUTHBEARER")
    _all_or_none(tokens, by_token, f"{sasl} and KAFKA_SASL_MECHANISM=OAUTHBEARER")
    _none_unless(scope, by_token, f"{sasl} and KAFKA_SASL_MECHANISM=OAUTHBEARER")


def _check_kafka_tls(settings: Connections) -> None:
    files = {
        "KAFKA_SSL_CAFILE": settings.kafka_ssl_cafile,
        "KAFKA_SSL_CERTFILE": settings.kafka_ssl_certfile,
        "KAFKA_SSL_KEYFILE": settings.kafka_ssl_keyfile,
        "KAFKA_SSL_KEY_PASSWORD": settings.kafka_ssl_key_password,
    }
    _none_unless(files, settings.kafka_uses_tls, "KAFKA_SECURITY_PROTOCOL=SASL_SSL or SSL")
    _check_pair("KAFKA_SSL_", settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile)
    if settings.kafka_ssl_key_password and not settings.kafka_ssl_keyfile:
        raise WrongSetting("KAFKA_SSL_KEYFILE: expected with KAFKA_SSL_KEY_PASSWORD")
    settings.kafka_tls()


def _check_redis(settings: Connections) -> None:
    url = urlsplit(settings.redis_url)
    files = {"REDIS_CAFILE": settings.redis_cafile, "REDIS_CERTFILE": settings.redis_certfile, "REDIS_KEYFILE": settings.redis_keyfile}
    _none_unless(files, settings.redis_uses_tls, "REDIS_URL=rediss://…")
    if settings.redis_username and not settings.redis_password:
        raise WrongSetting("REDIS_PASSWORD: expected with REDIS_USERNAME")
    if settings.redis_password and (url.password or url.username):
        raise WrongSetting("REDIS_PASSWORD: expected alone, without a name or password in REDIS_URL")
    _check_pair("REDIS_", settings.redis_certfile, settings.redis_keyfile)
    if settings.redis_uses_tls:
        context_of("REDIS_", settings.redis_cafile, settings.redis_certfile, settings.redis_keyfile)


def _check_sentinels(settings: Connections) -> None:
    _all_or_none({"REDIS_SENTINEL_MASTER": settings.redis_sentinel_master}, bool(settings.redis_sentinels), "REDIS_SENTINELS")
    credentials = {"REDIS_SENTINEL_USERNAME": settings.redis_sentinel_username, "REDIS_SENTINEL_PASSWORD": settings.redis_sentinel_password}
    _none_unless(credentials, bool(settings.redis_sentinels), "REDIS_SENTINELS")
    if settings.redis_sentinel_username and not settings.redis_sentinel_password:
        raise WrongSetting("REDIS_SENTINEL_PASSWORD: expected with REDIS_SENTINEL_USERNAME")
    if settings.redis_sentinels and settings.redis_url.startswith("unix://"):
        raise WrongSetting("REDIS_URL: expected redis:// or rediss:// with REDIS_SENTINELS")


def _all_or_none(given: Mapping[str, object], needed: bool, why: str) -> None:
    for name, value in given.items():
        if needed and not value:
            raise WrongSetting(f"{name}: expected with {why}")
    _none_unless(given, needed, why)


def _none_unless(given: Mapping[str, object], allowed: bool, why: str) -> None:
    for name, value in given.items():
        if value and not allowed:
            raise WrongSetting(f"{name}: expected with {why} alone")


def _check_pair(prefix: str, certfile: str, keyfile: str) -> None:
    if bool(certfile) != bool(keyfile):
        missing, there = ("KEYFILE", "CERTFILE") if certfile else ("CERTFILE", "KEYFILE")
        raise WrongSetting(f"{prefix}{missing}: expected with {prefix}{there}")
