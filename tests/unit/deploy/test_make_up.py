"""`make up` runs the services compiled where a C compiler is found, else as they are, and says so in one line; `make demo` never waits for a compiler."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import compiler
from deploy.local.servers import form

ROOT = Path(__file__).parents[3]
STUB = f"""#!/bin/sh
[ "$2" = deploy.local.compiler ] && exec {sys.executable} "$@"
echo "$* with PYTHONPATH=$PYTHONPATH"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with everything built, in which `python` says what it is asked to run."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("setup.py", "pyproject.toml", "requirements.txt", "services/a.py", "schemas/a.py", ".venv/.ready", "dist/.ready"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("python", "medaid"):
        (tmp_path / ".venv/bin").mkdir(exist_ok=True)
        (tmp_path / ".venv/bin" / name).write_text(STUB)
        (tmp_path / ".venv/bin" / name).chmod(0o755)
    (tmp_path / ".medaid/compiled").mkdir(parents=True)
    (tmp_path / ".medaid/compiled/.ready").touch()
    return tmp_path


def make(project: Path, target: str, **environment: str) -> tuple[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH", "MAKEFLAGS", "MFLAGS")}
    done = subprocess.run(
        ["make", target], cwd=project, env=kept | {"PYTHONPATH": str(ROOT)} | environment, capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_with_a_compiler_the_services_find_the_compiled_form_first(project: Path) -> None:
    said, complained = make(project, "up", CC="true")
    assert f"-m deploy.local.servers up with PYTHONPATH={project}/.medaid/compiled:{project}\n" in said
    assert complained == ""


def test_without_a_compiler_it_says_so_in_one_line_and_goes_on(project: Path) -> None:
    said, complained = make(project, "up", CC="/no/such/compiler")
    assert f"-m deploy.local.servers up with PYTHONPATH={ROOT}\n" in said
    assert complained == compiler.MISSING + "\n"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here")
def test_a_compiler_without_headers_counts_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "gcc")
    assert compiler.can_compile()
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert not compiler.can_compile()


def test_the_demo_waits_for_no_compiler(project: Path) -> None:
    (project / "dist/.ready").unlink()
    said, _ = make(project, "demo")
    assert "demo with" in said
    assert not (project / "dist/.ready").exists()


def test_the_form_is_told() -> None:
    assert form() == ("compiled" if os.environ.get("MEDAID_AS_IMAGE") == "1" else "uncompiled")
