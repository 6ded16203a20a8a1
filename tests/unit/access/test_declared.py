"""What services and operators need of Kafka follows from their own declarations: all that they use, and nothing else."""

from collections.abc import Sequence

import pytest

from schemas.catalogue import ACTIONS, AUDIT, CLAIMS, INPUTS, OPERATOR_EVENTS, dead_letters_of
from schemas.topics import load_topics
from services.access.declared import AUDITOR, OPERATOR, needs_of_all
from services.console.service import ConsoleService
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.kafka.writer import transactional_ids
from services.runtime.needs import Need, Needs, Operation
from services.runtime.service import AnyService

NEEDS = needs_of_all()
SERVICES: Sequence[AnyService] = [*all_services(load_policies()), ConsoleService(load_policies())]
SPEAKING = [service for service in SERVICES if service.name != "console"]


def named(service: AnyService) -> str:
    return service.name


def topics(needs: Needs, operation: Operation) -> set[str]:
    return {need.name for need in needs if (need.resource, need.operation) == ("topic", operation)}


def test_everybody_who_runs_is_there() -> None:
    assert NEEDS.keys() == {service.name for service in SERVICES} | {OPERATOR, AUDITOR}


@pytest.mark.parametrize("service", SERVICES, ids=named)
def test_a_service_may_read_what_it_declares_to_read(service: AnyService) -> None:
    declared = {*service.inputs, *service.state_topics, AUDIT}
    assert declared <= topics(NEEDS[service.name], "READ")


@pytest.mark.parametrize("service", SPEAKING, ids=named)
def test_a_lane_may_read_nothing_else(service: AnyService) -> None:
    described = {name for name, topic in load_topics().items() if service.name in topic.readers}
    assert topics(NEEDS[service.name], "READ") == {*service.inputs, *service.state_topics, AUDIT} == described


@pytest.mark.parametrize("service", SPEAKING, ids=named)
def test_a_lane_may_write_its_letters_its_strays_and_what_it_heals_from(service: AnyService) -> None:
    own = {topic for topic, until in service.state_topics.items() if until == "end"} | {service.rerouted or AUDIT}
    letters = {dead_letters_of(topic) for topic in service.inputs}
    assert own | letters <= topics(NEEDS[service.name], "WRITE") | {AUDIT}


@pytest.mark.parametrize("who", NEEDS)
def test_nobody_may_write_a_topic_that_he_does_not_write(who: str) -> None:
    """Besides the topics of which topics.yaml calls him the writer: who mends letters sends them again; an operator makes requests; people tell the audit."""
    mends = {*INPUTS, OPERATOR_EVENTS} if who in ("console", OPERATOR) else set()
    mends |= {AUDIT} if who in ("console", OPERATOR, AUDITOR) else set()
    written = {name for name, topic in load_topics().items() if who in topic.writers}
    assert topics(NEEDS[who], "WRITE") == written | mends


def test_the_ledger_is_written_by_settlement_alone() -> None:
    assert [who for who, needs in NEEDS.items() if "settlement.results.v1" in topics(needs, "WRITE")] == ["settlement"]


@pytest.mark.parametrize("service", SERVICES, ids=named)
def test_a_service_may_look_at_the_settings_of_what_it_uses(service: AnyService) -> None:
    needs = NEEDS[service.name]
    own = topics(needs, "WRITE") - (set(INPUTS) if service.name == "console" else set()) | {*service.inputs, *service.state_topics, AUDIT}
    assert own <= topics(needs, "DESCRIBE_CONFIGS")


@pytest.mark.parametrize("who", NEEDS)
def test_whoever_may_do_anything_to_a_topic_may_describe_it(who: str) -> None:
    described = topics(NEEDS[who], "DESCRIBE")
    assert all(need.name in described for need in NEEDS[who] if need.resource == "topic")


@pytest.mark.parametrize("service", SERVICES, ids=named)
def test_a_service_is_in_its_own_group_and_in_no_other(service: AnyService) -> None:
    needs = NEEDS[service.name]
    assert {need.name for need in needs if (need.resource, need.operation) == ("group", "READ")} == {service.name}
    asked = {need.name for need in needs if (need.resource, need.operation) == ("group", "DESCRIBE")}
    assert asked == ({one.name for one in SERVICES} if service.name == "console" else {service.name})


@pytest.mark.parametrize("service", SERVICES, ids=named)
def test_the_ids_of_its_lanes_and_of_nobody_else_are_its_own(service: AnyService) -> None:
    """As its broker makes them, whatever their number; no other service's begin so."""
    ids = [need for need in NEEDS[service.name] if need.resource == "transactional-id"]
    assert set(ids) == {Need("transactional-id", f"{service.name}-", "prefixed", operation) for operation in ("WRITE", "DESCRIBE")}
    assert not any(transactional_ids(other.name).startswith(ids[0].name) for other in SERVICES if other is not service)


def test_an_operator_joins_no_group() -> None:
    assert not [need for need in NEEDS[OPERATOR] if (need.resource, need.operation) == ("group", "READ")]


def test_an_operator_reads_what_we_tell_and_no_event_of_an_agency() -> None:
    """To verify the ledger takes the claims that are not settled yet, the console is rebuilt from its actions, and what was asked for is not asked again."""
    read = topics(NEEDS[OPERATOR], "READ")
    assert read & set(INPUTS) == {CLAIMS, ACTIONS, OPERATOR_EVENTS}
    assert {name for name in load_topics() if name.endswith(".dlq") and load_topics()[name].events} <= read


def test_an_auditor_reads_everything_and_writes_the_audit_alone() -> None:
    assert topics(NEEDS[AUDITOR], "READ") == load_topics().keys()
    assert topics(NEEDS[AUDITOR], "WRITE") == {AUDIT}
    assert not [need for need in NEEDS[AUDITOR] if need.resource == "transactional-id" or need.operation == "CREATE"]


def test_a_sites_prefix_stands_before_every_name() -> None:
    prefixed = needs_of_all("suzhou.")
    assert prefixed == {who: {need._replace(name=f"suzhou.{need.name}") for need in needs} for who, needs in NEEDS.items()}


def test_a_need_is_told_in_one_line() -> None:
    assert str(Need("transactional-id", "identity-", "prefixed", "WRITE")) == "WRITE transactional-id identity-*"
    assert str(Need("topic", AUDIT, "literal", "READ")) == f"READ topic {AUDIT}"
