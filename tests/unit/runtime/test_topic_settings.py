"""A topic's settings against those described: what loses money is refused, what keeps more is told, each with its mend."""

import pytest

from schemas.topics import Topic, load_topics
from services.runtime.errors import Stop
from services.runtime.topic_settings import Difference, Found, configs_of, differences
from services.runtime.topics import check

LEDGER, CLAIMS, TIMELINES = (load_topics()[name] for name in ("settlement.results.v1", "hospital.claims.v1", "identity.timelines.v1"))
DAY_MS = 24 * 60 * 60 * 1000
OURS = {"identity", "settlement", "monitoring", "console"}


def compared(topic: Topic, replicas: int = 3, **changed: str) -> list[Difference]:
    """What is told of a topic that is as it should be, but for `changed` (`_` for `.`)."""
    right = {"max.message.bytes": "1048588", "min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
    settings = {**right, "message.timestamp.type": "CreateTime", **configs_of(topic)}
    return list(
        differences("t", topic, Found(replicas, {**settings, **{name.replace("_", "."): value for name, value in changed.items()}}))
    )


@pytest.mark.parametrize("name", load_topics())
def test_a_topic_that_is_as_described_is_right(name: str) -> None:
    assert compared(load_topics()[name]) == []


@pytest.mark.parametrize(
    ("topic", "changed"),
    [
        (LEDGER, {"retention_ms": str(400 * DAY_MS)}),
        (LEDGER, {"retention_bytes": "1000000000"}),
        (LEDGER, {"cleanup_policy": "compact"}),
        (LEDGER, {"cleanup_policy": "compact,delete"}),
        (LEDGER, {"max_message_bytes": "1000000"}),
        (LEDGER, {"min_insync_replicas": "1"}),
        (LEDGER, {"unclean_leader_election_enable": "true"}),
        (TIMELINES, {"cleanup_policy": "delete"}),
        (TIMELINES, {"max_message_bytes": "1048588"}),
        (CLAIMS, {"retention_ms": str(399 * DAY_MS)}),
        (CLAIMS, {"retention_bytes": "1"}),
        (CLAIMS, {"cleanup_policy": "compact"}),
        (CLAIMS, {"message_timestamp_type": "CreateTime"}),
        (CLAIMS, {"message_timestamp_type": "unheard of"}),
    ],
    ids=str,
)
def test_what_loses_money_is_refused(topic: Topic, changed: dict[str, str]) -> None:
    (found,) = compared(topic, **changed)
    ((setting, value),) = changed.items()
    assert (found.setting, found.found) == (setting.replace("_", "."), value)
    with pytest.raises(Stop) as stopped:
        check([found])
    assert f"t: {found.setting} is {value}, wanted is {found.wanted}" in str(stopped.value)
    assert (
        f"kafka-configs.sh --bootstrap-server HOST:PORT --alter --entity-type topics --entity-name t --add-config {found.setting}="
        in str(stopped.value)
    )


@pytest.mark.parametrize(
    ("topic", "replicas", "changed"),
    [(CLAIMS, 3, {"retention_ms": "-1"}), (CLAIMS, 3, {"retention_ms": str(401 * DAY_MS)}), (LEDGER, 2, {"min_insync_replicas": "1"})],
)
def test_what_keeps_more_or_cannot_be_had_is_told_alone(topic: Topic, replicas: int, changed: dict[str, str]) -> None:
    (found,) = compared(topic, replicas, **changed)
    check([found])
    assert found.setting == next(iter(changed)).replace("_", ".")


@pytest.mark.parametrize(
    ("topic", "replicas", "changed"),
    [
        (LEDGER, 1, {"min_insync_replicas": "1"}),
        (LEDGER, 3, {"min_insync_replicas": "3"}),
        (LEDGER, 3, {"max_message_bytes": "12582912"}),
        (LEDGER, 3, {"message_timestamp_type": "LogAppendTime"}),
    ],
)
def test_what_is_as_good_is_right(topic: Topic, replicas: int, changed: dict[str, str]) -> None:
    assert compared(topic, replicas, **changed) == []


def test_whatever_is_deleted_one_day_counts_its_days_from_when_kafka_wrote_it() -> None:
    for name, topic in load_topics().items():
        assert (configs_of(topic).get("message.timestamp.type") == "LogAppendTime") == (topic.retention_days is not None), name
        if set(topic.writers) - OURS:
            assert topic.retention_days is not None, f"{name} is written by others, whose times are theirs"


def test_nothing_that_views_and_auditors_stand_on_is_ever_deleted() -> None:
    """By hand: the contract's word for each."""
    for_ever = {name for name, topic in load_topics().items() if topic.retention_days is None}
    assert {
        "settlement.results.v1",
        "settlement.waiting.v1",
        "identity.timelines.v1",
        "identity.subsidies.v1",
        "identity.admissions.v1",
        "identity.waiting.v1",
        "monitoring.warnings.v1",
        "monitoring.actions.v1",
        "monitoring.hospitals.v1",
        "console.audit.v1",
    } | {name for name in load_topics() if name.endswith(".dlq")} == for_ever
    compacted = {name for name, topic in load_topics().items() if topic.compacted}
    assert compacted == {"identity.timelines.v1", "identity.waiting.v1", "settlement.waiting.v1"}
