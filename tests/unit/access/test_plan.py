"""A plan: every need of everybody, and nothing else; compared with what a Kafka has; written for kafka-acls.sh and for Strimzi."""

import shlex
from collections.abc import Sequence

import pytest
import yaml

from schemas.topics import load_topics
from services.access.comparing import differences
from services.access.declared import needs_of_all
from services.access.plan import SERVICES, USERS, plan, users_in
from services.access.writing import arguments, as_arguments, as_strimzi
from services.runtime.kafka.acls import Acl
from services.runtime.needs import Need
from services.runtime.publishers import Publisher, read_publishers

PUBLISHERS = """publishers:
  - {name: agency, sources: [/agencies/wuxi/civil-affairs], topics: [identity.events.v1], kafka_user: agency}
  - {name: hospital, sources: [/hospitals/H-07], topics: [hospital.claims.v1, hospital.admissions.v1], kafka_user: CN=hospital}
  - {name: by-http, sources: [/hospitals/H-08], topics: [hospital.claims.v1], certificate: CN=by-http}
"""


def publishers() -> Sequence[Publisher]:
    return read_publishers("p.yaml", PUBLISHERS, ["wuxi"])


PLAN = plan(USERS, publishers(), "x.")


def of(principal: str) -> list[Acl]:
    return [acl for acl in PLAN if acl.principal == principal]


@pytest.mark.parametrize("who", SERVICES)
def test_a_service_has_what_it_needs_and_no_more(who: str) -> None:
    found = {Need(acl.resource, acl.name, acl.pattern, acl.operation) for acl in of(f"User:medaid-{who}")}  # type: ignore[arg-type]
    assert found == needs_of_all("x.")[who]
    assert needs_of_all().keys() == set(SERVICES)


def test_a_publisher_may_write_and_describe_its_topics() -> None:
    topics = ("x.hospital.admissions.v1", "x.hospital.claims.v1")
    assert of("User:CN=hospital") == [
        Acl("User:CN=hospital", "topic", topic, "literal", operation) for topic in topics for operation in ("DESCRIBE", "WRITE")
    ]


def test_nobody_else_may_do_anything() -> None:
    """Who comes by the intake alone has no right in Kafka."""
    assert {acl.principal for acl in PLAN} == {f"User:{user}" for user in (*USERS.values(), "agency", "CN=hospital")}
    assert {(acl.host, acl.permission) for acl in PLAN} == {("*", "allow")}


def test_no_publisher_may_write_what_is_ours() -> None:
    ours = {f"x.{name}" for name, topic in load_topics().items() if not {"agencies", "hospitals", "operators"} & set(topic.writers)}
    outside = [acl for acl in PLAN if not acl.principal.startswith("User:medaid-")]
    assert outside
    assert not [acl for acl in outside if acl.name in ours]


def test_the_same_input_gives_the_same_bytes() -> None:
    again = plan(USERS, reversed(publishers()), "x.")
    assert again == PLAN == sorted(set(PLAN))
    assert as_arguments(again) == as_arguments(PLAN)
    assert as_strimzi(again, "k") == as_strimzi(PLAN, "k")


def test_several_services_may_share_a_user() -> None:
    shared = plan(users_in(";".join(f"{name}=medaid" for name in SERVICES)), (), "")
    assert {acl.principal for acl in shared} == {"User:medaid"}
    assert len(shared) == len(frozenset().union(*needs_of_all().values()))


def test_users_are_named_by_services() -> None:
    assert users_in("") == USERS
    users = users_in(" identity=CN=medaid-identity,O=无锡市 ; operator=ops;")
    assert users == {**USERS, "identity": "CN=medaid-identity,O=无锡市", "operator": "ops"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("intake=x", "service=user by semicolons, service one of identity, settlement, monitoring, console, operator"),
        *((f"identity={user}", "a Kafka user, without User:") for user in ("", "User:x", "*", "ANONYMOUS", "a\tb")),
        ("identity", "a Kafka user, without User:"),
    ],
)
def test_users_that_cannot_be_used_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        users_in(text)


def test_arguments_are_those_of_kafka_acls() -> None:
    """As a shell reads them, whatever stands in a name."""
    allowed = Acl("User:CN=h 7,O=it's", "transactional-id", "x.identity-", "prefixed", "DESCRIBE_CONFIGS")
    assert shlex.split(arguments(allowed)) == [
        *("--allow-principal", "User:CN=h 7,O=it's", "--operation", "DescribeConfigs"),
        *("--transactional-id", "x.identity-", "--resource-pattern-type", "prefixed"),
    ]
    denied = Acl("User:h", "cluster", "kafka-cluster", "literal", "ALL", "10.0.0.7", "deny")
    assert arguments(denied) == "--deny-principal User:h --deny-host 10.0.0.7 --operation All --cluster --resource-pattern-type literal"


def test_a_line_an_entry() -> None:
    lines = as_arguments(PLAN).splitlines()
    assert lines == [f"--add --force {arguments(acl)}" for acl in PLAN]


def test_strimzi_is_told_the_same() -> None:
    """Each rule back to entries gives the plan; who comes by certificate is CN=name."""
    documents = list(yaml.safe_load_all(as_strimzi(PLAN, "kafka-of-wuxi")))
    kinds = {"topic": "topic", "group": "group", "transactionalId": "transactional-id"}
    found = [
        Acl(
            f"User:{'CN=' if document['spec']['authentication']['type'] == 'tls' else ''}{document['metadata']['name']}",
            kinds[rule["resource"]["type"]],
            rule["resource"]["name"],
            {"literal": "literal", "prefix": "prefixed"}[rule["resource"]["patternType"]],
            {"DescribeConfigs": "DESCRIBE_CONFIGS"}.get(operation, operation.upper()),
            rule["host"],
            rule["type"],
        )
        for document in documents
        for rule in document["spec"]["authorization"]["acls"]
        for operation in rule["operations"]
    ]
    assert sorted(found) == PLAN
    assert {(document["apiVersion"], document["kind"]) for document in documents} == {("kafka.strimzi.io/v1", "KafkaUser")}
    assert {document["metadata"]["labels"]["strimzi.io/cluster"] for document in documents} == {"kafka-of-wuxi"}
    assert {document["spec"]["authorization"]["type"] for document in documents} == {"simple"}


@pytest.mark.parametrize(
    ("users", "told"),
    [
        (("CN=a,O=b",), "CN=a,O=b: Strimzi names users by"),
        (("A",), "A: Strimzi names"),
        (("a", "CN=a"), "a: Strimzi cannot have this user"),
    ],
)
def test_strimzi_cannot_have_every_user(users: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        as_strimzi(sorted(Acl(f"User:{user}", "topic", "t", "literal", "WRITE") for user in users), "k")


OTHER = Acl("User:auditor", "topic", "x.settlement.results.v1", "literal", "READ")


def test_nothing_differs_from_itself() -> None:
    assert differences(PLAN, {*PLAN, OTHER}) == ([], [], [])


def test_what_is_missing_and_what_is_surplus() -> None:
    more = Acl("User:agency", "topic", "x.hospital.claims.v1", "literal", "WRITE")
    denied = PLAN[0]._replace(permission="deny")
    assert differences(PLAN, {*PLAN[1:], more, denied, OTHER}) == ([PLAN[0]], sorted([more, denied]), [])


def test_a_former_users_rights_are_surplus_and_nobody_elses() -> None:
    former = Acl("User:gone", "topic", "x.hospital.claims.v1", "literal", "WRITE")
    assert differences(PLAN, {*PLAN, former, OTHER}) == ([], [], [former])
    assert differences(PLAN, {*PLAN, former, OTHER}, ["gone"]) == ([], [former], [])


@pytest.mark.parametrize(
    ("resource", "name", "pattern", "operation", "is_strange"),
    [
        ("topic", "x.settlement.results.v1", "literal", "WRITE", True),
        ("topic", "x.settlement.", "prefixed", "ALL", True),
        ("topic", "*", "literal", "DELETE", True),
        ("topic", "x.settlement.results.v1", "literal", "READ", False),
        ("topic", "y.settlement.results.v1", "literal", "WRITE", False),
        ("topic", "x.settlement.", "literal", "WRITE", False),
        ("transactional-id", "x.settlement-0", "literal", "WRITE", True),
        ("transactional-id", "x.", "prefixed", "WRITE", True),
        ("transactional-id", "elsewhere-0", "literal", "WRITE", False),
        ("group", "x.settlement", "literal", "READ", False),
    ],
)
def test_others_who_may_change_what_is_ours_are_told(resource: str, name: str, pattern: str, operation: str, is_strange: bool) -> None:
    acl = Acl("User:stranger", resource, name, pattern, operation)
    assert differences(PLAN, {*PLAN, acl}).strange == ([acl] if is_strange else [])
    assert differences(PLAN, {*PLAN, acl._replace(permission="deny")}).strange == []
