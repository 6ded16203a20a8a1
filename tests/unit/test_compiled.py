"""`make prove` and `make bench` run the code as the image has it, its hot path compiled; all else runs the sources."""

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import services

ROOT = Path(__file__).parents[2]
AS_IMAGE = os.environ.get("MEDAID_AS_IMAGE") == "1"
SUFFIX = ".so" if AS_IMAGE else ".py"
COMPILED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["medaid"]["compiled"]


def test_all_code_is_of_the_form_that_was_asked_for() -> None:
    assert Path(*services.__path__) == ROOT / (".medaid/compiled/services" if AS_IMAGE else "services")


@pytest.mark.parametrize("path", COMPILED)
def test_what_is_to_be_compiled_is_compiled(path: str) -> None:
    module = importlib.import_module(path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
    assert Path(str(module.__file__)).suffix == SUFFIX


def test_processes_that_tests_start_have_the_same_form() -> None:
    asked = [sys.executable, "-c", "import services.policy.engine as engine; print(engine.__file__)"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()).suffix == SUFFIX
