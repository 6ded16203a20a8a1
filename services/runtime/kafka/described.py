"""Topics as Kafka describes them: partitions, replicas, settings."""

from collections.abc import Collection, Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from services.runtime.errors import Doubt, Stop
from services.runtime.topic_settings import SETTINGS, Found


async def partitions_of(admin: AIOKafkaAdminClient, names: Collection[str]) -> Mapping[str, int]:
    """The number of partitions of those of `names` that are there. All topics are listed: a broker may make one that is asked for by name.

    Raises:
        Doubt: One of them cannot be described just now.
    """
    return {name: len(partitions) for name, partitions in (await _listed(admin, names)).items()}


async def found_in(admin: AIOKafkaAdminClient, names: Collection[str]) -> Mapping[str, Found]:
    """Replicas and settings of `names`, which must be there.

    Raises:
        Doubt: Kafka cannot tell just now.
        Stop: We may not ask.
    """
    if not names:
        return {}
    replicas = {name: min(len(one["replicas"]) for one in partitions) for name, partitions in (await _listed(admin, names)).items()}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(SETTINGS)) for name in sorted(names)]
    found: dict[str, Found] = {}
    for answer in await admin.describe_configs(asked):
        for code, _, _, name, entries in answer.resources:
            if code:
                error = for_code(code)
                raise (Doubt if error.retriable else Stop)(f"kafka: the settings of {name} cannot be read ({error.__name__})")
            found[name] = Found(replicas.get(name, 0), {entry[0]: str(entry[1]) for entry in entries})
    return found


async def _listed(admin: AIOKafkaAdminClient, names: Collection[str]) -> Mapping[str, list[dict[str, list[int]]]]:
    """The partitions of those of `names` that are there.

    Raises:
        Doubt: One of them cannot be described just now.
    """
    found = {}
    for topic in await admin.describe_topics():
        if topic["topic"] in names:
            if topic["error_code"]:
                raise Doubt(f"kafka: {topic['topic']} cannot be described just now", "kafka")
            found[topic["topic"]] = topic["partitions"]
    return found
