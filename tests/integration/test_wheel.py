"""`make wheel`: whoever installs it, outside the checkout, with the hashed requirements beside it, has the whole program in its fast form."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("services", "schemas")
KEPT = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH", "MAKEFLAGS", "MFLAGS")}
CLEAN = {name: value for name, value in KEPT.items() if not name.startswith(("MEDAID_", "KAFKA_", "REDIS_"))}

pytestmark = pytest.mark.prove


def run(*command: str | Path, cwd: Path, **environment: str) -> bytes:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=CLEAN | environment, capture_output=True, check=False)
    assert done.returncode == 0, (command, done.stderr.decode())
    return done.stdout


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel of these sources; built anew where it is older."""
    run("make", "wheel", cwd=ROOT)
    (built,) = (ROOT / "dist").glob("medaid-*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment's programs, with the wheel and its requirements installed as `make wheel` says."""
    folder = tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv/bin"
    run(programs / "pip", "install", "--quiet", "--require-hashes", "-r", ROOT / "dist/requirements.txt", cwd=folder)
    run(programs / "pip", "install", "--quiet", "--no-deps", wheel, cwd=folder)
    return programs


def test_it_holds_every_file_of_the_program_and_nothing_else(wheel: Path) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for folder in OURS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with ZipFile(wheel) as held:
        names = {name for name in held.namelist() if ".dist-info/" not in name}
    assert files - names == set()
    assert {name for name in names - files if not name.endswith(".so")} == set()
    assert {name.partition("/")[0] for name in names} == set(OURS)


def test_its_requirements_are_all_it_needs(site: Path) -> None:
    assert run(site / "pip", "check", cwd=site) == b"No broken requirements found.\n"
    assert b"mypy" not in run(site / "pip", "list", cwd=site)


def test_it_is_compiled_and_knows_its_version(site: Path) -> None:
    engine = run(site / "python", "-c", "import services.policy.engine as engine; print(engine.__file__)", cwd=site).decode().strip()
    assert engine.startswith(str(site.parent))
    assert engine.endswith(".so")
    assert run(site / "medaid", "--version", cwd=site) == run(sys.executable, "-m", "services.cli", "--version", cwd=ROOT)


def test_it_settles_to_the_same_bytes_as_the_checkout(site: Path, tmp_path: Path) -> None:
    city = run(site / "medaid", "generate", "--region", "suzhou", "--persons", "100", "--seed", "1", cwd=tmp_path)
    (tmp_path / "city.jsonl").write_bytes(city)
    for file in (ROOT / "examples/first.jsonl", tmp_path / "city.jsonl"):
        there = run(site / "medaid", "replay", file, cwd=tmp_path)
        assert there.count(b"\n") > 2
        assert there == run(sys.executable, "-m", "services.cli", "replay", file, cwd=ROOT)
