"""deploy/local: servers of one's own start beside each other, lose nothing in a crash, and never outlive who started them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import jars
from deploy.local.errors import Failed, Unobtainable
from deploy.local.process import free_port
from deploy.local.servers import Kafka, Redis
from deploy.local.state import Started, State
from tests import clients

STARTER = """
import sys, time
from pathlib import Path
from threading import Thread
from deploy.local.servers import Redis
server = Redis(Path(sys.argv[1]))
thread = Thread(target=server.start)
thread.start()
thread.join()
print(server.pid, flush=True)
time.sleep(60)
"""


def until(true: Callable[[], bool], *, seconds_max: float = 10) -> bool:
    deadline = time.monotonic() + seconds_max
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


async def test_a_killed_kafka_comes_back_on_its_port_with_its_records(own_kafka: Kafka) -> None:
    before = own_kafka.bootstrap_servers
    admin = AIOKafkaAdminClient(**clients.aiokafka_at(before))
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(**clients.aiokafka_at(before), acks="all") as producer:
        await producer.send_and_wait("kept", b"still here")
    own_kafka.kill()
    assert not own_kafka.answers()
    own_kafka.restart()
    assert own_kafka.bootstrap_servers == before
    async with AIOKafkaConsumer("kept", **clients.aiokafka_at(before), auto_offset_reset="earliest") as consumer:
        assert (await consumer.getone()).value == b"still here"


def test_a_redis_comes_back_with_its_keys_or_empty_when_asked(own_redis: Redis) -> None:
    before = own_redis.url
    client = clients.redis_at(before)
    client.set("counter", 7)
    run = client.info("server")["run_id"]
    own_redis.restart()
    assert own_redis.url == before
    assert client.get("counter") == b"7"
    assert client.info("server")["run_id"] != run
    own_redis.restart(empty=True)
    assert client.get("counter") is None


def test_two_at_once_take_different_ports(own_redis: Redis, tmp_path: Path) -> None:
    with Redis(tmp_path / "other") as other:
        assert other.port != own_redis.port
        assert other.answers()
        assert own_redis.answers()
    assert not other.answers()


def test_a_taken_port_is_not_insisted_on(own_redis: Redis, tmp_path: Path) -> None:
    with Redis(tmp_path / "other", port=own_redis.port) as other:
        assert other.port != own_redis.port


def test_a_server_dies_with_the_process_but_not_with_the_thread_that_started_it(own_redis: Redis, tmp_path: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path / "tied")], cwd=jars.ROOT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    server = Started.now("redis", int(starter.stdout.readline()))
    assert server.runs
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert until(lambda: not server.runs)


def test_nobody_answers_for_a_server_whose_port_was_taken(own_redis: Redis, tmp_path: Path) -> None:
    server = Redis(tmp_path / "other")
    server.start()
    server.kill()
    with Redis(tmp_path / "thief", port=server.port) as thief:
        assert thief.port == server.port
        with pytest.raises(Failed, match=rf"redis cannot have its port {server.port} back"):
            server.restart()
        assert server.pid is None


def test_a_server_that_ends_while_starting_shows_the_end_of_its_log(own_redis: Redis, tmp_path: Path) -> None:
    (tmp_path / "other" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "other" / "appendonlydir" / "appendonly.aof.manifest").write_text("no manifest")
    with pytest.raises(Failed, match=r"redis ended while starting; its log .*redis\.log ends: .*AOF manifest"):
        Redis(tmp_path / "other").start()


@pytest.mark.parametrize(("server", "packages"), [(Kafka, "default-jre-headless"), (Redis, "redis-server")])
def test_a_missing_program_is_named_with_its_package(
    server: type[Kafka | Redis], packages: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unobtainable, match=rf"is missing: apt-get install {packages}$"):
        server(tmp_path).start()


def test_maven_copies_the_jars_once_however_many_ask(tmp_path: Path) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(
        '#!/bin/sh\necho called >> "$CALLS"\nsleep 0.3\nfor a; do case $a in -DoutputDirectory=*) mkdir "${a#*=}";; esac; done\n'
    )
    maven.chmod(0o755)
    environment = {"PATH": f"{maven.parent}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls")}
    script = "import sys; from pathlib import Path; from deploy.local import jars; jars.CACHE = Path(sys.argv[1]); print(jars.kafka_jars())"
    command = [sys.executable, "-c", script, str(tmp_path / "cache")]
    asking = [subprocess.Popen(command, cwd=jars.ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    folders = {process.communicate()[0].strip() for process in asking}
    assert folders == {str(tmp_path / "cache" / f"kafka-{jars.kafka_version()}")}
    assert (tmp_path / "calls").read_text().splitlines() == ["called"]


def test_the_state_ends_only_the_very_process_it_remembers(tmp_path: Path) -> None:
    state = State(tmp_path)
    with subprocess.Popen(["sleep", "60"]) as ours, subprocess.Popen(["sleep", "60"]) as foreign:
        state.add(Started.now("ours", ours.pid, "here"))
        remembered = Started.now("reused", foreign.pid)
        state.add(Started("reused", foreign.pid, remembered.started_ticks - 1))  # the number of an ended process, handed on
        assert state.end("ours")
        assert not state.end("reused")
        assert not state.end("never")
        assert ours.wait() == -signal.SIGTERM
        assert foreign.poll() is None
        foreign.kill()


def test_ports_lie_below_those_that_linux_hands_to_clients() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert free_port() < first
