"""Kafka and Redis without Docker, and the services on them: `python -m deploy.local.servers up | down | status`.

`up`: Kafka and Redis (unless KAFKA_BOOTSTRAP_SERVERS, REDIS_URL name others), then `medaid topics create`, then `medaid run all` in the
background, compiled if PYTHONPATH leads to that form first (`make up` sees to it). `down`: ends only what `up` started; data stay in
`.medaid/run`, where the next `up` finds them. `status`: what runs, where, in which form.
For programs: `Kafka` and `Redis`, context managers that keep a server in a folder of its own.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import Failed, Unobtainable
from deploy.local.jars import CACHE, ROOT
from deploy.local.kafka import Kafka
from deploy.local.process import Server, is_free
from deploy.local.redis import Redis
from deploy.local.state import Started, State

__all__ = ["Failed", "Kafka", "Redis", "Unobtainable", "main"]

RUN = CACHE / "run"
KAFKA_PORT = 9092
REDIS_PORT = 6379
SERVICES = "services"
SERVICES_SECONDS_MIN = 2.0
ENDED_IN_THIS_ORDER = (SERVICES, "redis", "kafka")


def up(state: State) -> int:
    """Start what is not running, make the topics, run the services. Returns an exit status."""
    RUN.mkdir(parents=True, exist_ok=True)
    addresses = {
        variable: foreign_address(state, server, os.environ.get(variable)) or _start(state, server)
        for variable, server in {
            "KAFKA_BOOTSTRAP_SERVERS": Kafka(RUN / "kafka", port=KAFKA_PORT, tied=False),
            "REDIS_URL": Redis(RUN / "redis", port=REDIS_PORT, tied=False),
        }.items()
    }
    medaid = str(Path(sys.executable).with_name("medaid"))
    environment = os.environ | addresses
    created = subprocess.run([medaid, "topics", "create"], env=environment, check=False)
    if created.returncode:
        return created.returncode
    if not state.find(SERVICES):
        _run_services(state, [medaid, "run", "all"], environment)
    (RUN / "env").write_text("".join(f"export {name}={value}\n" for name, value in addresses.items()))
    print(f"For medaid in this shell: source {(RUN / 'env').relative_to(ROOT)}")
    return status(state)


def down(state: State) -> int:
    """End what `up` started, services first. Returns an exit status."""
    for name in ENDED_IN_THIS_ORDER:
        print(f"{name}: {'ended' if state.end(name) else 'did not run'}")
    return 0


def status(state: State) -> int:
    """Print what `up` started and still runs, and where. Returns 0 when the services run, else 5."""
    for name in reversed(ENDED_IN_THIS_ORDER):
        print(f"{name}: {standing(state.remembered(name))}")
    return 0 if state.find(SERVICES) else 5


def standing(started: Started | None) -> str:
    """What `status` says of a process that was started, or of none."""
    if started is None:
        return "not started from here"
    return f"process {started.pid}, {started.address}" if started.runs else f"ended (was process {started.pid}, {started.address})"


def foreign_address(state: State, server: Server, named: str | None) -> str | None:
    """`named`, unless it is where our own `server` listens, or did: whoever sourced `env` in a shell means ours, even after `down`."""
    if named is None or named != state.listened_at(server.name):
        return named or None
    port = int(named.rpartition(":")[2].partition("/")[0])
    return None if state.find(server.name) or is_free(port) else named  # another program may listen there by now


def _start(state: State, server: Server) -> str:
    """Return the address of the server that runs under this name, started if there is none."""
    running = state.find(server.name)
    if running:
        return running.address
    server.start()
    assert server.pid
    state.add(Started.now(server.name, server.pid, server.address))
    return server.address


def _run_services(state: State, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the services in the background and remember them.

    Raises:
        Failed: they ended at once.
    """
    log = RUN / f"{SERVICES}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        raise Failed(f"medaid run all ended at once with exit status {process.wait(SERVICES_SECONDS_MIN)}; its log: {log}")
    except subprocess.TimeoutExpired:
        state.add(Started.now(SERVICES, process.pid, f"{form()}, log {log.relative_to(ROOT)}"))


def form() -> str:
    """Return "compiled" or "uncompiled": which form of the hot path this process and those that it starts find first."""
    engine = find_spec("services.policy.engine")
    return "compiled" if engine and str(engine.origin).endswith(".so") else "uncompiled"


def main() -> int:
    """Carry out the command line. Returns 0 done, 2 usage, 5 a server cannot be had or does not run."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.servers", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = {"up": up, "down": down, "status": status}
    parser.add_argument("command", choices=commands)
    command = commands[parser.parse_args().command]
    try:
        return command(State(RUN))
    except (Failed, Unobtainable) as error:
        print(error, file=sys.stderr)
        return 5


if __name__ == "__main__":
    sys.exit(main())
