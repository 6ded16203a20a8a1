"""The codes of Kafka's access control lists are those that another client of Kafka has, too."""

from collections.abc import Mapping
from enum import Enum

import pytest
from confluent_kafka.admin import AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from services.runtime.kafka.acls import OPERATIONS, PATTERNS, PERMISSIONS, RESOURCES

NO_ENTRY = ("UNKNOWN", "ANY", "MATCH")
"""What librdkafka has besides, for questions."""


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(RESOURCES, ResourceType), (PATTERNS, ResourcePatternType), (OPERATIONS, AclOperation), (PERMISSIONS, AclPermissionType)],
)
def test_a_code_means_what_it_means_to_librdkafka(ours: Mapping[int, str], theirs: type[Enum]) -> None:
    known = {one.value: one.name for one in theirs if one.name not in NO_ENTRY}
    told = {code: word.upper().replace("-", "_").replace("CLUSTER", "BROKER", word == "cluster") for code, word in ours.items()}
    assert {code: told.get(code) for code in known} == known
    assert len(set(ours.values())) == len(ours)
