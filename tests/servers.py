"""Where tests get a Kafka and a Redis from: what the environment names, else a Docker engine, else this machine (deploy/local).

`obtain` tries them in that order. `Keeper` obtains each server once for a whole run, however many xdist workers ask, and ends it with
the run. Not here: the fixtures (`conftest`).
"""

import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from deploy.local.jars import kafka_version
from deploy.local.kafka import SETTINGS, broker_answers
from deploy.local.process import START_SECONDS_MAX
from deploy.local.redis import redis_answers
from deploy.local.servers import Failed, Kafka, Redis, Unobtainable

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

Name = Literal["kafka", "redis"]
VARIABLES: dict[Name, str] = {"kafka": "KAFKA_BOOTSTRAP_SERVERS", "redis": "REDIS_URL"}
DATABASES = 64
ADVERTISED = "/tmp/advertised"
REDIS_COMMAND = f"redis-server --appendonly yes --appendfsync everysec --maxmemory-policy noeviction --databases {DATABASES}"


class Obtained(NamedTuple):
    """A server that answers at `address`; `stop` ends it if it was started for us."""

    address: str
    stop: Callable[[], None]


def obtain(name: Name, folder: Path) -> Obtained:
    """Return a server from the first source that has one; what we start keeps its data in `folder`.

    Raises:
        Unobtainable: no source has one; the text is one line with every source's reason.
    """
    named = os.environ.get(VARIABLES[name])
    if named:
        return _from_environment(name, named)
    reasons = [f"{VARIABLES[name]} is not set"]
    for source in (_from_docker, _from_here):
        try:
            return source(name, folder)
        except (Failed, Unobtainable) as error:
            reasons.append(str(error))
    raise Unobtainable(f"no {name.title()} for the tests: {'; '.join(reasons)}")


def _from_environment(name: Name, named: str) -> Obtained:
    first = urlsplit(named if "://" in named else f"//{named.partition(',')[0]}")
    try:
        socket.create_connection((first.hostname or "localhost", first.port or 6379), timeout=5).close()
    except OSError as error:
        raise Unobtainable(f"no {name.title()} for the tests: nobody answers where {VARIABLES[name]} points ({error})") from error
    return Obtained(named, lambda: None)


def _from_here(name: Name, folder: Path) -> Obtained:
    server = {"kafka": Kafka, "redis": Redis}[name](folder / name)
    server.start()
    return Obtained(server.address, server.stop)


def _from_docker(name: Name, folder: Path) -> Obtained:
    import docker  # only here, and testcontainers below: every xdist worker reads this module, and one process needs them

    try:
        docker.from_env(timeout=5).ping()
        container = {"kafka": _kafka_container, "redis": _redis_container}[name]()
        container.start()
    except Exception as error:  # whatever an engine, its absence or a missing image may raise: the next source is tried
        raise Unobtainable(f"no help from Docker ({type(error).__name__})") from error
    try:
        return Obtained({"kafka": _kafka_address, "redis": _redis_address}[name](container), container.stop)
    except BaseException:
        container.stop()
        raise


def _kafka_container() -> "DockerContainer":
    """Apache's image; it waits to be told its address, known only now that it runs, before it starts the broker.

    testcontainers' own KafkaContainer does the same, but knows only Confluent's image.
    """
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(f"apache/kafka:{kafka_version()}").with_exposed_ports(9092)
    own = {"listeners": "PLAINTEXT://:9092,CONTROLLER://:9093", "controller.quorum.voters": "1@localhost:9093"}
    for key, value in (SETTINGS | own).items():
        container.with_env(f"KAFKA_{key.upper().replace('.', '_')}", value)
    told = f"while [ ! -f {ADVERTISED} ]; do sleep 0.1; done; . {ADVERTISED}; exec /etc/kafka/docker/run"
    return container.with_command(["sh", "-c", told])


def _kafka_address(container: "DockerContainer") -> str:
    host, port = container.get_container_host_ip(), int(container.get_exposed_port(9092))
    export = f"export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://{host}:{port}"
    container.exec(["sh", "-c", f"echo {export} > {ADVERTISED}.new && mv {ADVERTISED}.new {ADVERTISED}"])
    _wait("kafka", lambda: broker_answers((host, port)))
    return f"{host}:{port}"


def _redis_container() -> "DockerContainer":
    from testcontainers.core.container import DockerContainer

    return DockerContainer("redis:7").with_exposed_ports(6379).with_command(REDIS_COMMAND)


def _redis_address(container: "DockerContainer") -> str:
    host, port = container.get_container_host_ip(), int(container.get_exposed_port(6379))
    _wait("redis", lambda: redis_answers((host, port)))
    return f"redis://{host}:{port}/0"


def _wait(name: Name, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not answers():
        if time.monotonic() > deadline:
            raise Failed(f"{name} in Docker does not answer after {START_SECONDS_MAX:.0f} s")
        time.sleep(0.1)


class Keeper:
    """Has each server that was asked for, obtained at the first question; lives in xdist's controller, or in the only process."""

    def __init__(self) -> None:
        self._answers: dict[Name, str | Unobtainable] = {}
        self._ends = ExitStack()
        self._turn = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="medaid-servers-", ignore_cleanup_errors=True)
        self._listener = Listener(family="AF_UNIX")
        threading.Thread(target=self._serve, daemon=True, name="keeper").start()

    @property
    def line(self) -> str:
        """Where other processes of this run reach it, for `ask_keeper`."""
        return str(self._listener.address)

    def answer(self, name: Name) -> str | Unobtainable:
        """Return the server's address, or why there is none: the same answer through the whole run."""
        with self._turn:
            if name not in self._answers:
                try:
                    server = obtain(name, Path(self._folder.name))
                    self._ends.callback(server.stop)
                    self._answers[name] = server.address
                except Unobtainable as error:
                    self._answers[name] = error
            return self._answers[name]

    def close(self) -> None:
        """End every server that was started; one that is just starting is waited for."""
        with self._turn:
            self._answers = {name: Unobtainable("the run is over") for name in VARIABLES}
            self._ends.close()
        self._listener.close()
        self._folder.cleanup()

    def _serve(self) -> None:
        while True:
            try:
                with self._listener.accept() as client:
                    client.send(self.answer(client.recv()))
            except EOFError:
                continue  # a worker that died while asking
            except OSError:
                return  # closed


def ask_keeper(line: str, name: Name) -> str | Unobtainable:
    """Return the answer of the keeper at `line`."""
    with Client(line) as keeper:
        keeper.send(name)
        answer: str | Unobtainable = keeper.recv()
    return answer
