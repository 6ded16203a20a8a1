"""A site whose Kafka asks its access control lists: each process of ours comes as its own user, publishers as theirs, and the tests' own clients as admin."""

import asyncio
import io
import logging
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from unittest.mock import patch

import httpx2
import structlog
from confluent_kafka import KafkaError, KafkaException

from deploy.local.process import HOST, free_port
from schemas.topics import load_topics
from services.access.plan import USERS, plan
from services.cli import main
from services.console.service import ConsoleService
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.errors import Doubt
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.acls import Acl, change
from services.runtime.publishers import load_publishers
from services.runtime.records import TopicPartition
from services.runtime.service import AnyService
from services.runtime.settings import Settings
from services.runtime.topics import create_topics
from tests import clients
from tests.integration.pipeline import MEDAID, Pipeline
from tests.integration.secured import PASSWORD, Authority, GuardedKafka, Provider
from tests.integration.topics import place_of

AGENCY, HOSPITAL = "agency", "hospital-07"
PUBLISHERS = """publishers:
  - {name: agency, sources: [/agencies/lianyungang/civil-affairs], topics: [identity.events.v1], kafka_user: agency}
  - {name: hospital-07, sources: [/hospitals/H-07], topics: [hospital.claims.v1], kafka_user: hospital-07}
"""

SERVICES: Mapping[str, AnyService] = {
    service.name: service for service in (*all_services(load_policies()), ConsoleService(load_policies()))
}
"""Everything that has lanes, by its name."""


class Guarded:
    """The Kafka, which is started, everybody who has a name there, all by one password, and how they come in."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder, "authority")
        self.shown = self.authority.sign("servers")
        self.provider = Provider()
        self.kafka = GuardedKafka(folder / "kafka", self.authority, self.shown, self.provider)
        self.publishers = folder / "publishers.yaml"
        self.publishers.write_text(PUBLISHERS)

    def __enter__(self) -> Self:
        try:
            self.kafka.start()
            for name in (*USERS.values(), AGENCY, HOSPITAL):
                self.kafka.let_in(name, PASSWORD)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End what was started."""
        self.kafka.stop()
        self.provider.close()

    def planned(self, prefix: str) -> list[Acl]:
        """Every entry that a site with this prefix should have."""
        return list(plan(USERS, load_publishers(self.publishers, ["lianyungang"]), prefix))

    async def prepare(self, prefix: str) -> list[Acl]:
        """Give everybody his rights, and make the topics, of one partition each. Returns: what everybody was given."""
        acls = self.planned(prefix)
        await change(self.admin_settings(prefix), acls, ())
        await create_topics(self.settings(USERS["operator"], prefix, MEDAID_PARTITIONS="1"), load_topics())
        for service in SERVICES.values():
            await self._coordinator_of(service, prefix)
        return acls

    async def _coordinator_of(self, service: AnyService, prefix: str) -> None:
        """Wait until Kafka has one for the service's group: a new Kafka makes the topic of offsets only when it is asked for."""
        broker = AioKafkaBroker(service.name, self.settings(USERS[service.name], prefix))
        until_s = time.monotonic() + 60
        while True:
            try:
                await broker.committed([TopicPartition(service.inputs[0], 0)])
                return
            except Doubt:
                if time.monotonic() > until_s:
                    raise
                await asyncio.sleep(0.2)

    def variables(self, user: str, prefix: str) -> dict[str, str]:
        """For a process that comes as `user`."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.by_sasl,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": PASSWORD,
            "KAFKA_SSL_CAFILE": str(self.authority.file),
            "MEDAID_PUBLISHERS": str(self.publishers),
            "MEDAID_PREFIX": prefix,
        }

    def as_admin(self, prefix: str) -> dict[str, str]:
        """For a process that may do everything."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.by_certificate,
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CAFILE": str(self.authority.file),
            "KAFKA_SSL_CERTFILE": str(self.shown.certificate),
            "KAFKA_SSL_KEYFILE": str(self.shown.key),
            "MEDAID_PUBLISHERS": str(self.publishers),
            "MEDAID_PREFIX": prefix,
        }

    def settings(self, user: str, prefix: str, **more: str) -> Settings:
        """Of a process that comes as `user`."""
        return Settings.from_env({**self.variables(user, prefix), **more})

    def admin_settings(self, prefix: str) -> Settings:
        """Of a process that may do everything."""
        return Settings.from_env(self.as_admin(prefix))

    def publish(self, user: str, prefix: str, *lines: bytes) -> None:
        """Send events as `user`. Raises: KafkaException, the first that Kafka refused."""
        sender = Sender(self.kafka.as_user(user))
        for line in lines:
            topic, key = place_of(line)
            sender.send(f"{prefix}{topic}", line, key)


def singly(acls: Iterable[Acl], user: str) -> list[Acl]:
    """Those of `user`, to be taken away one by one: all but what Kafka lets follow, for whoever may read or write something may describe it, too."""
    own = [acl for acl in acls if acl.principal == f"User:{user}"]
    more = {acl[:4] for acl in own if acl.operation in ("READ", "WRITE")}
    return [acl for acl in own if acl.operation != "DESCRIBE" or acl[:4] not in more]


class Sender:
    """A producer, which tells of each record whether Kafka took it."""

    def __init__(self, reaching: dict[str, str], **more: Any) -> None:
        self._producer = clients.producer(reaching, {"message.timeout.ms": 15_000, **more})

    def send(self, topic: str, value: bytes, key: bytes | None = b"P1") -> None:
        """Send one and wait. Raises: KafkaException, Kafka refused it."""
        answers: list[KafkaError | None] = []
        self._producer.produce(topic, value, key, on_delivery=lambda error, _: answers.append(error))
        self._producer.flush(30)
        if not answers or answers[0] is not None:  # a KafkaError cannot be compared with None
            raise KafkaException(answers[0] if answers else KafkaError(KafkaError._TIMED_OUT))


class GuardedPipeline(Pipeline):
    """Our processes, each as its own user; commands as the operator."""

    def __init__(self, guarded: Guarded, redis_url: str, prefix: str, logs: Path) -> None:
        self.security = {name: value for name, value in guarded.kafka.as_admin.items() if name != "bootstrap.servers"}
        super().__init__(guarded.kafka.by_certificate, redis_url, prefix, logs, **guarded.variables(USERS["operator"], prefix))
        self._ports: dict[str, int] = {}

    def start(self, name: str, *, fails: str = "", code: Path | None = None) -> None:
        """As a `Pipeline` does, under the service's own name."""
        usual, self._ports[name] = self.environment, free_port()
        own = {"KAFKA_SASL_USERNAME": USERS[name.partition("-")[0]], "MEDAID_HEALTH_PORT": str(self._ports[name])}
        self.environment = {**usual, **own}
        try:
            super().start(name, fails=fails, code=code)
        finally:
            self.environment = usual

    def are_ready(self) -> bool:
        """Whether every process that was started settles what comes."""
        return all(self.readiness(name).get("ready", False) for name in self._ports)

    def readiness(self, name: str) -> dict[str, Any]:
        """What a process answers on /ready; nothing while it answers nobody."""
        try:
            found: dict[str, Any] = httpx2.get(f"http://{HOST}:{self._ports[name]}/ready", timeout=5).json()
        except httpx2.HTTPError:
            return {}
        return found

    def run(self, *command: str) -> str:
        """A command of the operator's, which must succeed; its standard output."""
        done = subprocess.run([MEDAID, *command], env=self.environment, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, (command, done.returncode, done.stderr[-1_000:])
        return done.stdout


class Said(NamedTuple):
    """What a command did: its status, the lines of its standard output, its standard error."""

    status: int
    lines: list[str]
    err: str


def said(variables: Mapping[str, str], *command: str) -> Said:
    """`medaid` in this process, which is quicker than one of its own."""
    out, err = io.StringIO(), io.StringIO()
    handlers = logging.root.handlers[:]
    try:
        with patch.dict(os.environ, variables), redirect_stdout(out), redirect_stderr(err):
            main(command)
    except SystemExit as ended:
        return Said(int(ended.code or 0), out.getvalue().splitlines(), err.getvalue())
    finally:
        logging.root.handlers = handlers
        structlog.reset_defaults()
