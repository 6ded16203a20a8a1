"""Kafkas for tests that need more than one node of one door: a node with a second door for clients behind a proxy, and a cluster of two nodes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import ElectionType
from confluent_kafka.admin import AdminClient

from deploy.local.process import HOST, free_port
from deploy.local.servers import Kafka
from tests import clients

REPLICATED = {
    "default.replication.factor": "2",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "2",
    "transaction.state.log.replication.factor": "2",
}


class TwoDoors(Kafka):
    """A Kafka that tells clients who come by `back_door` that it lives at `advertised`: there a proxy listens, so that all they ask goes through it."""

    def __init__(self, folder: Path, advertised: str) -> None:
        super().__init__(folder)
        self.back_door = f"{HOST}:{free_port()}"
        self._advertised = advertised

    def _settings(self) -> dict[str, str]:
        own = super()._settings()
        return own | {
            "listeners": f"{own['listeners']},BACK://{self.back_door}",
            "advertised.listeners": f"{own['advertised.listeners']},BACK://{self._advertised}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,BACK:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }


class FirstNode(Kafka):
    """Node 1 of a cluster of two: broker and controller."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.voters = ""
        self.cluster_id = super()._cluster_id()

    def _cluster_id(self) -> str:
        return self.cluster_id

    def _settings(self) -> dict[str, str]:
        own = super()._settings()
        self.voters = own["controller.quorum.voters"]
        return own | REPLICATED


class SecondNode(Kafka):
    """Node 2: a broker alone, which may die."""

    def __init__(self, folder: Path, first: FirstNode) -> None:
        super().__init__(folder)
        self._first = first

    def _cluster_id(self) -> str:
        return self._first.cluster_id

    def _settings(self) -> dict[str, str]:
        here = f"PLAINTEXT://{self.bootstrap_servers}"
        node = {"process.roles": "broker", "node.id": "2", "controller.quorum.voters": self._first.voters}
        return REPLICATED | node | {"listeners": here, "advertised.listeners": here, "log.dirs": str(self.folder / "data")}


class Cluster:
    """Two nodes, as clients see them."""

    def __init__(self, folder: Path) -> None:
        self.first = FirstNode(folder / "first")
        self.second = SecondNode(folder / "second", self.first)

    @property
    def bootstrap_servers(self) -> str:
        return f"{self.first.bootstrap_servers},{self.second.bootstrap_servers}"

    def start(self) -> None:
        self.first.start()
        self.second.start()

    def stop(self) -> None:
        self.second.stop()
        self.first.stop()

    def led_by(self, node: int, topic: str) -> int:
        """How many partitions of a topic a node leads."""
        return sum(partition.leader == node for partition in self._partitions(topic))

    def is_whole(self, topics: Iterable[str]) -> bool:
        """Whether both nodes have all that lies in the topics."""
        return all(len(partition.isrs) == 2 for topic in topics for partition in self._partitions(topic))

    def move_leaders_back(self) -> None:
        """Let every partition be led by the node that was to lead it when it was made."""
        admin = self._admin()  # held, for its answer comes later
        admin.elect_leaders(ElectionType.PREFERRED).result(60)

    def _partitions(self, topic: str) -> list[Any]:
        return list(self._admin().list_topics(topic, timeout=30).topics[topic].partitions.values())

    def _admin(self) -> AdminClient:
        return clients.admin(self.bootstrap_servers)
