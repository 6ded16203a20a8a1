"""deploy/local remembers what it started: whether that runs or has ended, and which addresses are its own."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.process import HOST, Server, free_port
from deploy.local.servers import foreign_address, standing
from deploy.local.state import Started, State


class Sleeper(Server):
    """A server as far as the state is concerned."""

    name = "sleeper"
    address = "unused"

    def answers(self) -> bool:
        return True

    def _command(self) -> Sequence[str]:
        return ["sleep", "60"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "run")


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        yield sleeping
        sleeping.kill()


def test_what_died_is_told_from_what_was_never_started(state: State, process: subprocess.Popen[bytes]) -> None:
    assert standing(state.remembered("sleeper")) == "not started from here"
    state.add(Started.now("sleeper", process.pid, "somewhere:1"))
    assert standing(state.remembered("sleeper")) == f"process {process.pid}, somewhere:1"
    process.kill()
    process.wait()
    assert standing(state.remembered("sleeper")) == f"ended (was process {process.pid}, somewhere:1)"
    state.end("sleeper")
    assert standing(state.remembered("sleeper")) == "not started from here"


@pytest.mark.parametrize("form", ["{host}:{port}", "redis://{host}:{port}/0"])
def test_our_own_address_in_the_environment_is_ours_after_its_end_too(
    state: State, process: subprocess.Popen[bytes], tmp_path: Path, form: str
) -> None:
    """Kafka's form and Redis's. Any other address stays another's, and an empty variable names none."""
    server = Sleeper(tmp_path)
    ours, other = (form.format(host=HOST, port=port) for port in (free_port(), 1))
    assert foreign_address(state, server, ours) == ours
    state.add(Started.now("sleeper", process.pid, ours))
    for end in (lambda: None, process.kill, lambda: state.end("sleeper")):
        end()
        assert foreign_address(state, server, ours) is None
        assert foreign_address(state, server, other) == other
        assert foreign_address(state, server, "") is None


def test_who_took_our_port_after_our_end_is_another(state: State, process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as thief:
        ours = f"{HOST}:{thief.getsockname()[1]}"
        state.add(Started.now("sleeper", process.pid, ours))
        assert foreign_address(state, Sleeper(tmp_path), ours) is None
        state.end("sleeper")
        assert foreign_address(state, Sleeper(tmp_path), ours) == ours
