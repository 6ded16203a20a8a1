"""compose.yaml and compose.secure.yaml: variables that our settings know, containers without privileges, and with the second file no plain text."""

import re
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.jars import kafka_version
from services.console.settings import ConsoleSettings
from services.runtime import redis_forgetting, redis_scripts
from services.runtime.redis_calls import Script

DEPLOY = Path(__file__).parents[3] / "deploy"
PUBLISHER = "lianyungang-hospital-07"
OURS = ("topics", "identity", "settlement", "monitoring", "console")
SECURE = (*OURS, "access", "operator")
CALLED = re.compile(r"(?:call|write)\('([A-Z]+)'")
EVERYBODY_MAY = stat.S_IRWXO


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


PLAIN, ON_TOP = read("compose.yaml"), read("compose.secure.yaml")


def environment(service: str, *, secure: bool) -> dict[str, str]:
    """The variables of a container, as Compose merges them."""
    upper = ON_TOP["services"].get(service, {}) if secure else {}
    below = PLAIN["services"][upper.get("extends", {}).get("service", service)]
    return {**below.get("environment", {}), **upper.get("environment", {})}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What deploy/secure/make.sh makes, made elsewhere."""
    folder = tmp_path_factory.mktemp("secure")
    shutil.copy(DEPLOY / "secure/make.sh", folder)
    subprocess.run([folder / "make.sh", PUBLISHER], check=True, capture_output=True)
    return folder / "made"


@pytest.mark.parametrize(
    ("service", "secure"), [(service, secure) for secure in (False, True) for service in (SECURE if secure else OURS)], ids=str
)
def test_our_settings_take_the_variables_of_each_container(service: str, secure: bool, made: Path) -> None:
    given = {
        name: value.replace("/run/secrets", str(made))
        for name, value in environment(service, secure=secure).items()
        if not value.startswith("${")
    }
    known = {str(field.alias) for field in ConsoleSettings.model_fields.values()}
    secrets = {f"{field.alias}_FILE" for field in ConsoleSettings.model_fields.values() if not field.repr}
    assert set(given) - known - secrets == set()
    settings = ConsoleSettings.from_env(given)
    assert settings.kafka_uses_tls is secure
    if secure:
        settings.kafka_tls()
        assert settings.redis_url.startswith("rediss://") or service in ("topics", "access")  # these two ask Redis nothing


@pytest.mark.parametrize("service", [*PLAIN["services"], "users"])
def test_a_container_has_no_privileges(service: str) -> None:
    said = PLAIN["services"].get(service) or ON_TOP["services"][service]
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert said.get("read_only") is True or service in ("kafka", "users")  # Kafka's image writes its settings and logs into itself
    assert not said.get("privileged")
    assert all(port.startswith("127.0.0.1:") for port in said.get("ports", []))


def test_kafka_is_the_version_that_the_tests_run() -> None:
    for services in (PLAIN["services"]["kafka"], ON_TOP["services"]["users"]):
        assert services["image"] == f"${{MEDAID_KAFKA_IMAGE:-apache/kafka:{kafka_version()}}}"


def test_with_the_second_file_nothing_listens_in_plain_text() -> None:
    kafka = ON_TOP["services"]["kafka"]["environment"]
    protocols = dict(pair.split(":") for pair in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols.values()) == {"SASL_SSL", "SSL"}
    assert {listener.partition(":")[0] for listener in kafka["KAFKA_LISTENERS"].split(",")} == set(protocols)
    for listener, protocol in protocols.items():
        if protocol == "SSL":  # then a certificate is the only proof of who one is
            assert kafka[f"KAFKA_LISTENER_NAME_{listener}_SSL_CLIENT_AUTH"] == "required"
    redis = ON_TOP["services"]["redis"]["command"]
    assert redis[redis.index("--port") + 1] == "0"


def test_each_secret_is_made_and_goes_to_whom_it_is_for_alone(made: Path) -> None:
    for name, where in ON_TOP["secrets"].items():
        assert where["file"] == f"./secure/made/{name}"
        assert (made / name).stat().st_size
    held: dict[str, set[str]] = {}
    for service, said in ON_TOP["services"].items():
        for name in said.get("secrets", []):
            held.setdefault(name, set()).add(service)
        assert all(f"/run/secrets/{name}" not in str(said) or name in said["secrets"] for name in ON_TOP["secrets"])
    assert held.pop("authority.pem") == set(ON_TOP["services"])
    assert set(held) == set(ON_TOP["secrets"]) - {"authority.pem"}
    for name, services in held.items():
        mine: Mapping[str, set[str]] = {"kafka": {"kafka", "users"}, "tools": {"kafka", "users"}, "admin": {"topics", "access"}}
        owner = name.partition(".")[0]
        assert services == mine.get(owner, {owner})


def test_each_user_of_redis_may_run_what_views_run_on_its_own_keys(made: Path) -> None:
    users = {line.split()[1]: line.split() for line in (made / "redis.acl").read_text().splitlines()}
    assert users.pop("default")[2] == "off"
    sources = [value for value in vars(redis_scripts).values() if isinstance(value, str)]
    sources += [value.source for value in vars(redis_forgetting).values() if isinstance(value, Script)]
    called = {name.lower() for source in sources for name in CALLED.findall(source)} | {"eval", "evalsha", "scan"}
    assert len(called) > 10
    for user, rights in users.items():
        assert {f"+{command}" for command in called} <= set(rights)
        assert "-@all" in rights
        keys = {right for right in rights if right.startswith(("~", "%", "allkeys"))}
        assert keys == {"operator": {"~*medaid:*"}}.get(
            user, {f"~*medaid:{user}:*"} | ({"~*medaid:settlement:*"} if user == "console" else set())
        )
    assert set(users) == {"identity", "settlement", "monitoring", "console", "operator"}


def test_passwords_are_written_as_kafkas_tool_reads_them_from_a_file(made: Path) -> None:
    """Written otherwise it refuses them, and prints them."""
    users = {path.name: path.read_text() for path in (made / "scram").iterdir()}
    assert set(users) == {PUBLISHER, *(f"medaid-{name}" for name in ("identity", "settlement", "monitoring", "console", "operator"))}
    for user, told in users.items():
        password = (made / f"{user.removeprefix('medaid-')}.kafka").read_text().strip()
        assert len(password) == 48
        assert told == f"SCRAM-SHA-512=iterations=8192,password={password}\n"


def test_what_is_made_is_for_its_owner_and_one_group(made: Path) -> None:
    files = [path for path in made.rglob("*") if path.is_file()]
    assert len(files) > 25
    assert [path for path in [made, *files] if path.stat().st_mode & EVERYBODY_MAY] == []
    assert stat.S_IMODE((made / "authority.key").stat().st_mode) == 0o600
    assert not list(made.glob("*.new"))
    assert (made / "env").read_text() == f"MEDAID_SECRETS_GROUP={made.stat().st_gid}\n"


def test_making_again_changes_nothing_but_what_is_missing(made: Path) -> None:
    def held() -> dict[str, bytes]:
        return {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}

    before = held()
    (made / "settlement.redis").unlink()
    subprocess.run([made.parent / "make.sh", PUBLISHER], check=True, capture_output=True)
    after = held()
    assert {name for name in before if before[name] != after[name]} == {"settlement.redis", "redis.acl"}


def test_of_another_authority_every_certificate_is_made_anew(made: Path) -> None:
    (made / "authority.pem").unlink()
    subprocess.run([made.parent / "make.sh"], check=True, capture_output=True)
    for name in ("kafka", "redis", "admin"):
        subprocess.run(["openssl", "verify", "-CAfile", "authority.pem", f"{name}.crt"], cwd=made, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../kafka", "of a-z, 0-9 and -"),
        ("Hospital", "of a-z, 0-9 and -"),
        ("kafka", "not one of ours"),  # he would be the broker, who may do everything
        ("admin", "not one of ours"),
        ("settlement", "not one of ours"),
        ("medaid-settlement", "not one of ours"),
    ],
)
def test_a_publisher_needs_a_name_of_his_own(name: str, expected: str, made: Path) -> None:
    before = sorted(made.rglob("*"))
    done = subprocess.run([made.parent / "make.sh", name], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{name}: expected a publisher's name, {expected}\n"
    assert sorted(made.rglob("*")) == before
