"""One Kafka node in KRaft mode from its published jars, for tests and `make up`.

Out: `Kafka`. Settings are those of a single node that must start fast; message.max.bytes is above what the contract accepts, so that a
value that is too large reaches us and is refused by us.
"""

import base64
import shutil
import struct
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import Failed, program
from deploy.local.jars import POM, kafka_jars
from deploy.local.process import HOST, Server, ask, free_port

JVM = ("-Xmx512m", "-XX:+UseSerialGC")
LOGGING = tuple(
    f"-Dorg.slf4j.simpleLogger.{setting}" for setting in ("defaultLogLevel=warn", "showDateTime=true", "dateTimeFormat=HH:mm:ss.SSS")
)
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(12 * 1024 * 1024),
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # tests that kill workers again and again do not wait 6 s each time
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    # After a kill the same node is let in again only when its old session has run out.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "5000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
# Request 18 (ApiVersions), version 0, correlation id 1, no client id: a broker answers it only once it takes requests at all.
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)


def broker_answers(address: tuple[str, int]) -> bool:
    """Whether a Kafka broker at `address` takes requests."""
    answer = ask(address, API_VERSIONS)
    return len(answer) >= 10 and answer[4:10] == struct.pack(">ih", 1, 0)


class Kafka(Server):
    """A Kafka of one's own; its data lie in `folder`/data and outlive stop, kill and restart.

    Attributes:
        pom: Says which version it is.
    """

    name = "kafka"
    pom = POM

    def __init__(self, folder: Path, *, port: int | None = None, tied: bool = True) -> None:
        """Describe it; see `Server`."""
        super().__init__(folder, port=port, tied=tied)
        self._controller_port: int | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Host and port, as KAFKA_BOOTSTRAP_SERVERS takes them."""
        return f"{HOST}:{self.port}"

    @property
    def address(self) -> str:
        """The same as `bootstrap_servers`."""
        return self.bootstrap_servers

    def answers(self) -> bool:
        """Whether it takes requests."""
        return broker_answers((HOST, self.port))

    def _command(self) -> Sequence[str]:
        java = [program("java", "default-jre-headless"), "-cp", f"{kafka_jars(self.pom)}/*"]
        settings = self._write_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format([*java, "kafka.tools.StorageTool", "format", "-t", self._cluster_id(), "-c", str(settings)])
        return [*java, *JVM, *LOGGING, "kafka.Kafka", str(settings)]

    def _forget_ports(self) -> None:
        super()._forget_ports()
        self._controller_port = None

    def _settings(self) -> dict[str, str]:
        """What this node has besides `SETTINGS`, or instead."""
        self._controller_port = self._controller_port or free_port()
        controller = f"{HOST}:{self._controller_port}"
        return {
            "listeners": f"PLAINTEXT://{self.bootstrap_servers},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self.folder / "data"),
        }

    def _write_settings(self) -> Path:
        path = self.folder / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in (SETTINGS | self._settings()).items()))
        return path

    def _format(self, command: Sequence[str]) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"kafka could not format {self.folder}: {(done.stderr or done.stdout).strip()[-500:]}")

    def _cluster_id(self) -> str:
        """A random id in Kafka's form, 16 bytes in URL-safe base64; without dashes, for one in front would pass for an option."""
        return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
