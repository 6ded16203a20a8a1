"""Settings come from the environment, whole and checked, or the variable at fault is named."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.runtime.settings import Settings, WrongSetting, describe


def test_without_an_environment_the_defaults_hold() -> None:
    assert Settings.from_env({}) == Settings()
    assert (Settings().kafka_bootstrap_servers, Settings().partitions, Settings().health_port) == ("127.0.0.1:9092", 4, 0)


def test_every_variable_is_taken() -> None:
    given = {"KAFKA_BOOTSTRAP_SERVERS": "a:1,b:2", "MEDAID_PREFIX": "site.", "MEDAID_BATCH_RECORDS_MAX": "7", "MEDAID_READINGS": "wuxi.r=x"}
    settings = Settings.from_env(given)
    assert (settings.kafka_bootstrap_servers, settings.prefix, settings.batch_records_max, settings.readings) == (
        "a:1,b:2",
        "site.",
        7,
        "wuxi.r=x",
    )


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_env({"MEDAID_PARTITIONS": "", "REDIS_URL": ""}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092, other:9092"),
        ("REDIS_URL", "http://:secret@redis"),
        ("REDIS_SENTINELS", "sentinel"),
        ("REDIS_SENTINELS", "redis://sentinel:26379"),
        ("REDIS_SENTINELS", "a:26379; b:26379"),
        ("REDIS_SENTINELS", "a:265379"),
        ("REDIS_SENTINEL_MASTER", "a name"),
        ("MEDAID_PREFIX", "a b"),
        ("MEDAID_PARTITIONS", "0"),
        ("MEDAID_PARTITIONS", "four"),
        ("MEDAID_HEALTH_PORT", "65536"),
        ("MEDAID_LOG_LEVEL", "loud"),
        ("MEDAID_KAFKA_DEADLINE_MS", "-1"),
        ("MEDAID_SESSION_MS", "999"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_and_its_value_is_not(variable: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{variable}: expected ") as wrong:
        Settings.from_env({variable: value})
    assert value not in str(wrong.value).replace("or equal to 0", "")


WHOLE = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "medaid", "KAFKA_SASL_PASSWORD": "secret"}


TOKENS = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTH_TOKEN_URL": "https://provider/token",
    "KAFKA_SASL_OAUTH_CLIENT_ID": "medaid",
    "KAFKA_SASL_OAUTH_CLIENT_SECRET": "secret",
}


SENTINELS = {"REDIS_SENTINELS": "a:26379,b:26379,[::1]:26379", "REDIS_SENTINEL_MASTER": "city"}


@pytest.mark.parametrize(
    ("variable", "given"),
    [
        ("KAFKA_SASL_PASSWORD", WHOLE | {"KAFKA_SASL_PASSWORD": ""}),
        ("KAFKA_SASL_USERNAME", WHOLE | {"KAFKA_SASL_USERNAME": ""}),
        ("KAFKA_SASL_USERNAME", {"KAFKA_SASL_USERNAME": "medaid"}),
        ("KAFKA_SASL_PASSWORD", {"KAFKA_SASL_PASSWORD": "secret", "KAFKA_SECURITY_PROTOCOL": "SSL"}),
        ("KAFKA_SASL_MECHANISM", WHOLE | {"KAFKA_SASL_MECHANISM": "KERBEROS"}),
        ("KAFKA_SECURITY_PROTOCOL", {"KAFKA_SECURITY_PROTOCOL": "TLS"}),
        ("KAFKA_SSL_CAFILE", {"KAFKA_SSL_CAFILE": "/ca.pem"}),
        ("KAFKA_SSL_CAFILE", WHOLE | {"KAFKA_SSL_CAFILE": "/no such file"}),
        ("KAFKA_SSL_CERTFILE", {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEYFILE": "/key.pem"}),
        ("KAFKA_SSL_KEYFILE", {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": "/cert.pem"}),
        ("KAFKA_SSL_KEYFILE", {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": "/cert.pem", "KAFKA_SSL_KEYFILE": "/no such file"}),
        ("KAFKA_SSL_KEYFILE", {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEY_PASSWORD": "secret"}),
        ("REDIS_CAFILE", {"REDIS_CAFILE": "/ca.pem"}),
        ("REDIS_CAFILE", {"REDIS_URL": "rediss://redis:6379/0", "REDIS_CAFILE": "/no such file"}),
        ("REDIS_KEYFILE", {"REDIS_URL": "rediss://redis:6379/0", "REDIS_CERTFILE": "/cert.pem"}),
        ("REDIS_PASSWORD", {"REDIS_USERNAME": "medaid"}),
        ("REDIS_PASSWORD", {"REDIS_PASSWORD": "secret", "REDIS_URL": "redis://:other@redis:6379/0"}),
        ("REDIS_SENTINEL_MASTER", SENTINELS | {"REDIS_SENTINEL_MASTER": ""}),
        ("REDIS_SENTINEL_MASTER", SENTINELS | {"REDIS_SENTINELS": ""}),
        ("REDIS_SENTINEL_USERNAME", {"REDIS_SENTINEL_USERNAME": "medaid"}),
        ("REDIS_SENTINEL_PASSWORD", {"REDIS_SENTINEL_PASSWORD": "secret"}),
        ("REDIS_SENTINEL_PASSWORD", SENTINELS | {"REDIS_SENTINEL_USERNAME": "medaid"}),
        ("REDIS_URL", SENTINELS | {"REDIS_URL": "unix:///run/redis.sock"}),
        ("KAFKA_SASL_PASSWORD", WHOLE | {"KAFKA_SASL_PASSWORD_FILE": "/password"}),
        ("KAFKA_SASL_PASSWORD_FILE", WHOLE | {"KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": "/no such file"}),
        ("REDIS_URL_FILE", {"REDIS_URL_FILE": "/no such file"}),
        ("KAFKA_SASL_USERNAME", TOKENS | {"KAFKA_SASL_USERNAME": "medaid"}),
        ("KAFKA_SASL_OAUTH_TOKEN_URL", TOKENS | {"KAFKA_SASL_OAUTH_TOKEN_URL": ""}),
        ("KAFKA_SASL_OAUTH_TOKEN_URL", TOKENS | {"KAFKA_SASL_OAUTH_TOKEN_URL": "login"}),
        ("KAFKA_SASL_OAUTH_CLIENT_ID", WHOLE | {"KAFKA_SASL_OAUTH_CLIENT_ID": "medaid"}),
        ("KAFKA_SASL_OAUTH_CLIENT_SECRET", TOKENS | {"KAFKA_SASL_OAUTH_CLIENT_SECRET": ""}),
        ("KAFKA_SASL_OAUTH_SCOPE", {"KAFKA_SASL_OAUTH_SCOPE": "kafka"}),
    ],
)
def test_half_a_setting_is_refused_by_its_name(variable: str, given: Mapping[str, str]) -> None:
    with pytest.raises(WrongSetting, match=f"^{variable}: expected ") as wrong:
        Settings.from_env(given)
    assert "secret" not in str(wrong.value)


def test_a_secret_may_lie_in_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    """Without the line's end; the password of a connection as it stands when it is asked for, all others as at the start."""
    files = {name: tmp_path / name for name in ("KAFKA_SASL_PASSWORD", "REDIS_URL", "MEDAID_PSEUDONYM_KEY")}
    for path in files.values():
        path.touch(mode=0o640)
    files["KAFKA_SASL_PASSWORD"].write_text("secret one\n")
    files["REDIS_URL"].write_text("redis://:secret@redis:6379/0\n")
    files["MEDAID_PSEUDONYM_KEY"].write_text("secret key")
    given = WHOLE | {"KAFKA_SASL_PASSWORD": ""} | {f"{name}_FILE": str(path) for name, path in files.items()}
    settings = Settings.from_env(given)
    assert (settings.redis_url, settings.pseudonym_key) == ("redis://:secret@redis:6379/0", "secret key")
    assert "secret" not in repr(settings)
    files["KAFKA_SASL_PASSWORD"].write_text("secret two")
    assert settings.kafka_sasl_password.reveal() == "secret two"
    files["KAFKA_SASL_PASSWORD"].write_text("\n")
    with pytest.raises(WrongSetting, match=r"^KAFKA_SASL_PASSWORD_FILE: expected a file with a secret"):
        settings.kafka_sasl_password.reveal()
    files["KAFKA_SASL_PASSWORD"].chmod(0o644)
    for ask in (settings.kafka_sasl_password.reveal, lambda: Settings.from_env(given)):
        with pytest.raises(WrongSetting, match=r"^KAFKA_SASL_PASSWORD_FILE: expected a file that others cannot read"):
            ask()


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Settings.from_env(WHOLE | SENTINELS | {"REDIS_PASSWORD": "secret", "REDIS_SENTINEL_PASSWORD": "secret"}))
    shown = repr(Settings.from_env({"REDIS_URL": "redis://:secret@redis:6379/0", "MEDAID_PSEUDONYM_KEY": "secret"}))
    assert "secret" not in shown


def test_settings_stand() -> None:
    with pytest.raises(ValidationError):
        Settings().partitions = 8  # type: ignore[misc]


def test_help_tells_every_variable_with_its_default() -> None:
    told = describe()
    assert all(str(field.alias) in told and str(field.description) in told for field in Settings.model_fields.values())
    assert "MEDAID_PARTITIONS (default 4)" in told
