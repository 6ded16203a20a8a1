"""Settings come from the environment, whole and checked, or the variable at fault is named."""

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


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings.from_env({"REDIS_URL": "redis://:secret@redis:6379/0", "MEDAID_PSEUDONYM_KEY": "secret"}))
    assert "secret" not in shown


def test_settings_stand() -> None:
    with pytest.raises(ValidationError):
        Settings().partitions = 8  # type: ignore[misc]


def test_help_tells_every_variable_with_its_default() -> None:
    told = describe()
    assert all(str(field.alias) in told and str(field.description) in told for field in Settings.model_fields.values())
    assert "MEDAID_PARTITIONS (default 4)" in told
