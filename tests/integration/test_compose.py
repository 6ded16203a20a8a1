"""deploy/compose.yaml, and with compose.secure.yaml on top, in a Docker engine: healthy, without privileges, and a thousand claims settled and verified.

Needs an engine, Compose v2, and images: those of deploy/bases.env where that file is (deploy/bases.sh), else the usual ones; and our own, `medaid`,
built as the Dockerfile says. Leaves nothing behind. Where something of that is missing it is skipped, with one line that says what.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.local.kafka import API_VERSIONS
from tests import clients
from tests.integration.faults.bills import bill, grant

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PERSONS, CLAIMS = 100, 1_000
AGENCY, HOSPITAL = "lianyungang-civil-affairs", "lianyungang-hospital-07"
SERVICES = ("identity", "settlement", "monitoring", "console")
SETTLED_SECONDS_MAX = 300
PROBE = """
import socket, sys
host, port, question = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
try:
    with socket.create_connection((host, port), timeout=3) as line:
        line.sendall(question)
        print(line.recv(64).hex())
except OSError:
    print("")
"""
"""What a server answers to a question in plain text, in hex."""

NOBODYS = {"kafka": "1000", "redis": "999", "prometheus": "65534"} | dict.fromkeys(SERVICES, "10001")

pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("compose")]


class Site:
    """A project of Compose's, up or not."""

    def __init__(self, folder: Path, *, secure: bool) -> None:
        self.secure, self.made = secure, folder / "secure/made"
        shutil.copytree(DEPLOY, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("made"))
        files, given = ["compose.yaml"], []
        if (folder / "bases.env").exists():
            given = ["bases.env"]
        if secure:
            self._run(folder / "secure/make.sh", AGENCY, HOSPITAL)
            files, given = [*files, "compose.secure.yaml"], [*given, "secure/made/env"]
        self._compose = ["docker", "compose", "--project-name", "medaid-test"]
        self._compose += [part for name in given for part in ("--env-file", str(folder / name))]
        self._compose += [part for name in files for part in ("--file", str(folder / name))]

    def __call__(self, *arguments: str) -> str:
        return self._run(*self._compose, *arguments)

    def up(self) -> None:
        """Start what the services need, and them; come back when they are healthy. What they said belongs to a failure."""
        try:
            self("up", "--detach", "--no-build", "--wait", "--wait-timeout", "400", *SERVICES, "prometheus")
        except AssertionError as failure:
            failure.add_note(self("ps", "--all") + self("logs", "--tail", "20"))
            raise

    def medaid(self, *arguments: str) -> str:
        """What a command says on both channels, in a container of its own."""
        return self("run", "--rm", "--no-TTY", "--no-deps", "operator" if self.secure else "topics", *arguments)

    def variables(self, user: str) -> Mapping[str, str]:
        """By which librdkafka reaches Kafka, as a publisher."""
        if not self.secure:
            return {}
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": (self.made / f"{user}.kafka").read_text().strip(),
            "ssl.ca.location": str(self.made / "authority.pem"),
        }

    def send(self, user: str, topic: str, records: Mapping[str, bytes]) -> list[Any]:
        """Publish records from outside, each under its person's key; the errors told of them."""
        errors: list[Any] = []
        producer = clients.producer("127.0.0.1:9094", {"message.timeout.ms": 30_000, "client.id": user, **self.variables(user)})
        for key, value in records.items():
            producer.produce(
                topic, value, key.partition("/")[0].encode(), on_delivery=lambda error, _: errors.append(error) if error else None
            )
        assert producer.flush(60) == 0
        return errors

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout[-2_000:], done.stderr[-4_000:])
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def engine() -> None:
    """A Docker engine with Compose v2 and our image, or no test."""
    for command, missing in (
        (["docker", "info"], "no Docker engine here"),
        (["docker", "compose", "version"], "no Compose v2 here"),
        (["docker", "image", "inspect", "medaid"], "no image `medaid` here: docker build -f deploy/Dockerfile -t medaid ."),
    ):
        if shutil.which("docker") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(missing)


@pytest.fixture(scope="module", params=["plain", "secure"])
def site(request: pytest.FixtureRequest, engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The services, healthy; Grafana is left out, for no package brings it."""
    site = Site(tmp_path_factory.mktemp(request.param), secure=request.param == "secure")
    try:
        site.up()
        yield site
    finally:
        site("--profile", "operator", "down", "--volumes", "--timeout", "20")


def test_a_misspelt_word_is_refused(engine: None, tmp_path: Path) -> None:
    misspelt = (DEPLOY / "compose.yaml").read_text("utf-8").replace("cap_drop", "cap_dorp", 1)
    (tmp_path / "compose.yaml").write_text(misspelt, "utf-8")
    done = subprocess.run(
        ["docker", "compose", "--file", tmp_path / "compose.yaml", "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "cap_dorp" in done.stderr


def test_each_container_is_nobodys_and_cannot_write_itself(site: Site) -> None:
    containers = json.loads(f"[{','.join(site('ps', '--format', 'json').splitlines())}]")
    assert {container["Service"] for container in containers} == set(NOBODYS)
    for container in containers:
        (said,) = json.loads(site._run("docker", "inspect", container["ID"]))
        service = container["Service"]
        assert said["Config"]["User"] == NOBODYS[service]
        assert said["HostConfig"]["ReadonlyRootfs"] is (service != "kafka")
        assert said["HostConfig"]["CapDrop"] == ["ALL"]
        inside = site._run("docker", "exec", container["ID"], "cat", "/proc/1/status")
        assert f"Uid:\t{NOBODYS[service]}\t" in inside
        assert "CapEff:\t0000000000000000" in inside
        assert "NoNewPrivs:\t1" in inside


def test_a_thousand_claims_are_settled_and_verified(site: Site) -> None:
    persons = [f"P-{number:03}" for number in range(PERSONS)]
    assert site.send(AGENCY, "identity.events.v1", {person: grant(person) for person in persons}) == []
    bills = {f"{person}/{number}": bill(person, f"S-{person}-{number}", 100) for person in persons for number in range(CLAIMS // PERSONS)}
    assert site.send(HOSPITAL, "hospital.claims.v1", bills) == []
    deadline = time.monotonic() + SETTLED_SECONDS_MAX
    while f" {CLAIMS} claims" not in (said := site.medaid("ledger", "verify")):
        assert time.monotonic() < deadline, said


@pytest.mark.parametrize(("host", "port"), [("kafka", 9092), ("kafka", 9093), ("kafka", 9094), ("redis", 6379)])
def test_nothing_is_answered_in_plain_text_but_without_the_second_file(site: Site, host: str, port: int) -> None:
    question, answer = (API_VERSIONS, b"\0\0\0\1".hex()) if host == "kafka" else (b"PING\r\n", b"+PONG".hex())
    said = site("exec", "--no-TTY", "settlement", "python", "-c", PROBE, host, str(port), question.hex())
    assert (answer in said) is not site.secure


def test_a_publisher_may_write_his_own_topics_alone(site: Site) -> None:
    errors = site.send(HOSPITAL, "identity.events.v1", {"P-1": grant("P-1")})
    assert [error.name() for error in errors] == (["TOPIC_AUTHORIZATION_FAILED"] if site.secure else [])


def test_prometheus_hears_every_service(site: Site) -> None:
    asked = "import urllib.request as r; print(r.urlopen('http://prometheus:9090/api/v1/targets?state=active', timeout=5).read().decode())"
    said = site("exec", "--no-TTY", "settlement", "python", "-c", asked)
    assert {target["labels"]["instance"].partition(":")[0] for target in json.loads(said)["data"]["activeTargets"]} >= set(SERVICES)
